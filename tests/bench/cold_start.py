"""Cold starts against a hello-world of the same libraries with as many routes, one after the other, in turns."""

import compileall
import importlib
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.bench.runtime_api import processor_seconds_to_ready

ROOT = Path(__file__).resolve().parents[2]
_PRODUCT = f"{ROOT / 'functions'}{os.pathsep}{ROOT / 'layers/core/python'}"
_SETTINGS = {
    "CORE_TABLE": "core",
    "USAGE_TABLE": "usage",
    "AWS_LAMBDA_FUNCTION_NAME": "bench",
    "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
    "MAIL_FROM": "Bench <bench@example.com>",
    "BUS_NAME": "bench",
    "PAGE_URL": "https://api.example.com",
    "BRAND": "Bench",
}

_HELLO_HTTP = """
import boto3
from aws_lambda_powertools import Logger
from fastapi import Depends, FastAPI, Request
from fastapi.responses import JSONResponse
from mangum import Mangum
from pydantic import BaseModel

logger = Logger()
client = boto3.session.Session().client("dynamodb")
app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)

class Form(BaseModel):
    name: str
    size: int | None = None

async def caller(request: Request) -> str:
    return request.headers.get("x-api-key", "")

def route(path):
    @app.post(path)
    async def hello(request: Request, who: str = Depends(caller)) -> JSONResponse:
        return JSONResponse({"hello": who})

for number in range(ROUTES):
    route(f"/hello/{number}")
handler = Mangum(app, lifespan="off")
"""

_HELLO_JOB = """
import boto3
from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

logger = Logger()
client = boto3.session.Session().client("dynamodb")
processor = BatchProcessor(event_type=EventType.SQS)

def hello(record: SQSRecord):
    return record.body

def handler(event, context):
    return process_partial_response(event=event, record_handler=hello, processor=processor, context=context)
"""

_HELLO_DELIVERY = """
import boto3
import jinja2
from aws_lambda_powertools import Logger, Metrics

logger = Logger()
metrics = Metrics(namespace="Hello")
clients = [boto3.session.Session().client(name) for name in ("dynamodb", "sesv2", "events")]

def handler(event, context):
    return {}
"""

_HELLO_NOTICE = """
import boto3
from aws_lambda_powertools import Logger

logger = Logger()
client = boto3.session.Session().client("dynamodb")

def handler(event, context):
    return {}
"""

_HELLO_HOURLY = _HELLO_JOB.replace(
    "import Logger\n", "import Logger, Metrics\nfrom aws_lambda_powertools.metrics import MetricUnit\n"
)

_JOBS = {
    "usage_queue": _HELLO_JOB,
    "invoicing": _HELLO_HOURLY,
    "usage_check": _HELLO_HOURLY,
    "outbox": _HELLO_DELIVERY,
    "mail_feedback": _HELLO_NOTICE,
}


@dataclass(frozen=True, slots=True)
class ColdStart:
    function: str
    ratio: float
    goal: float


def cold_starts(rounds: int) -> Iterator[ColdStart]:
    """Each function's best time to ready over the best of its hello-world: the least disturbed by the machine."""
    for group in ("identity", "accounts", "quotas", "budgets", "billing", "metering"):
        yield ColdStart(group, _ratio(group, _HELLO_HTTP.replace("ROUTES", str(_routes(group))), rounds), 1.2)
    for job, hello in _JOBS.items():
        yield ColdStart(job, _ratio(job, hello, rounds), 1.15)


def _routes(group: str) -> int:
    return len(importlib.import_module(f"{group}.app").app.routes)


def _ratio(group: str, hello: str, rounds: int) -> float:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "hello.py").write_text(hello)
        compileall.compile_dir(folder, quiet=2)
        ours, theirs = [], []
        for number in range(rounds + 1):
            first = processor_seconds_to_ready(f"{group}.app.handler", {**_SETTINGS, "PYTHONPATH": _PRODUCT})
            second = processor_seconds_to_ready("hello.handler", {**_SETTINGS, "PYTHONPATH": folder})
            if number:  # the first round only fills the page cache and writes byte code
                ours.append(first)
                theirs.append(second)
    return min(ours) / min(theirs)
