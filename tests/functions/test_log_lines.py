"""In Lambda every log line is one JSON object with its function and its request, also those of the services."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from infra.groups import GROUPS
from tests.docs.commands import ROOT

PRODUCT = ROOT / "layers/core/python"
LOGGING_MODULES = [
    ".".join(file.relative_to(PRODUCT).with_suffix("").parts)
    for file in sorted(PRODUCT.rglob("*.py"))
    if "logging.getLogger(__name__)" in file.read_text() and "cli" not in file.parts
]

IN_LAMBDA = """
import json, logging, os, sys
from awslambdaric import bootstrap
from awslambdaric.lambda_runtime_log_utils import LogFormat

bootstrap._setup_logging(LogFormat.TEXT, "", bootstrap.StandardLogSink())
from aws_lambda_powertools import Logger
from tallybook import runtime

runtime.check_start = lambda ctx: None  # there are no tables
services, modules = json.loads(sys.argv[1])
for service in services:
    os.environ["POWERTOOLS_SERVICE_NAME"] = service
    logger = Logger()
    runtime.prepare()
    logger.append_keys(request_id="request-1")
    for module in modules:
        try:
            raise ValueError("broken")
        except ValueError:
            logging.getLogger(module).exception("line of %s", module)
"""


@pytest.fixture(scope="module")
def lines() -> list[str]:
    """What one process prints with Lambda's own logging, as each function in turn."""
    arguments = json.dumps([[group.name for group in GROUPS], LOGGING_MODULES])
    environment = {
        "AWS_LAMBDA_FUNCTION_NAME": "function",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "CORE_TABLE": "core",
        "USAGE_TABLE": "usage",
        "USAGE_SHARDS": "1",
        "PYTHONPATH": str(PRODUCT),
    }
    command = [sys.executable, "-c", IN_LAMBDA, arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, cwd=Path("/"))
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_no_function_drops_a_line_of_a_module_whose_name_contains_its_own(lines: list[str]) -> None:
    assert any("outbox" in module for module in LOGGING_MODULES)
    printed = [(line["service"], line["message"]) for line in map(json.loads, lines)]
    assert printed == [(group.name, f"line of {module}") for group in GROUPS for module in LOGGING_MODULES]


def test_a_line_has_its_level_its_request_and_the_traceback(lines: list[str]) -> None:
    for line in map(json.loads, lines):
        assert (line["level"], line["request_id"], line["exception_name"]) == ("ERROR", "request-1", "ValueError")
        assert "Traceback" in line["exception"]


def test_each_handler_notes_the_request_of_its_lines() -> None:
    handlers = [
        *(ROOT / "functions").glob("*/app.py"),
        PRODUCT / "tallybook/http.py",
        PRODUCT / "tallybook/queued_job.py",
    ]
    with_lines = [file for file in handlers if "logger = Logger()" in file.read_text()]
    assert len(with_lines) == 7
    assert [file for file in with_lines if "logger.append_keys(request_id=" not in file.read_text()] == []
