"""The reference of cold starts: for each function, a hello-world that uses the same libraries.

For an HTTP function it has all its routes, with their methods, paths, path parameters and bodies of as many fields.
"""

import inspect
from collections.abc import Iterator

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import RouteContext, iter_route_contexts
from pydantic import BaseModel

_HTTP = """
import boto3
from aws_lambda_powertools import Logger
from fastapi import Depends, FastAPI, Request
from fastapi.responses import JSONResponse
from mangum import Mangum
from pydantic import BaseModel

logger = Logger()
client = boto3.session.Session().client("dynamodb")
app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)

async def caller(request: Request) -> str:
    return request.headers.get("x-api-key", "")
"""

_QUEUE = """
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

_QUEUED_JOB = _QUEUE.replace(
    "import Logger\n", "import Logger, Metrics\nfrom aws_lambda_powertools.metrics import MetricUnit\n"
)

_DELIVERY = """
import boto3
import jinja2
from aws_lambda_powertools import Logger, Metrics

logger = Logger()
metrics = Metrics(namespace="Hello")
clients = [boto3.session.Session().client(name) for name in ("dynamodb", "sesv2", "events")]

def handler(event, context):
    return {}
"""

_NOTICE = """
import boto3
from aws_lambda_powertools import Logger

logger = Logger()
client = boto3.session.Session().client("dynamodb")

def handler(event, context):
    return {}
"""

HELLO_JOBS = {
    "usage_queue": _QUEUE,
    "invoicing": _QUEUED_JOB,
    "usage_check": _QUEUED_JOB,
    "outbox": _DELIVERY,
    "mail_feedback": _NOTICE,
    "archive": _NOTICE,
}


def hello_http(app: FastAPI) -> str:
    """The source of a module whose `handler` answers every route of this app, written as in FastAPI's documentation."""
    routes = list(iter_route_contexts(app.routes))
    models = {model.__name__: model for route in routes for model in _bodies(route.dependant)}
    parts = [
        _HTTP,
        *map(_model, models.values()),
        *(_route(number, route) for number, route in enumerate(routes)),
        'handler = Mangum(app, lifespan="off")\n',
    ]
    return "\n".join(parts)


def _route(number: int, route: RouteContext) -> str:
    bodies = [f"body: {model.__name__}" for model in _bodies(route.dependant)]
    parameters = [f"{parameter.name}: str" for parameter in route.dependant.path_params]
    arguments = ", ".join([*parameters, *bodies, "who: str = Depends(caller)"])
    return (
        f"@app.api_route({route.path!r}, methods={sorted(route.methods)})\n"
        f"async def hello_{number}({arguments}) -> JSONResponse:\n"
        '    return JSONResponse({"hello": who})\n'
    )


def _model(model: type[BaseModel]) -> str:
    """A model with as many fields, all of them text, and as many optional ones."""
    fields = [
        f"    {name}: str{'' if field.is_required() else ' | None = None'}\n"
        for name, field in model.model_fields.items()
    ]
    return f"class {model.__name__}(BaseModel):\n{''.join(fields)}"


def _bodies(dependant: Dependant) -> Iterator[type[BaseModel]]:
    """The models into which a route's dependencies read its body."""
    for dependency in dependant.dependencies:
        if dependency.call is not None and inspect.isfunction(dependency.call):
            for held in inspect.getclosurevars(dependency.call).nonlocals.values():
                if isinstance(held, type) and issubclass(held, BaseModel):
                    yield held
        yield from _bodies(dependency)
