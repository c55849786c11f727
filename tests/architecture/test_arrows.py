"""Imports between layers and areas go one way, and a function loads only what it needs."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOTS = f"{ROOT / 'layers/core/python'}{os.pathsep}{ROOT / 'functions'}"

WEB = {"fastapi", "starlette", "mangum", "pydantic"}
OPERATOR = {"typer", "rich", "psutil", "tallybook.cli"}
MAIL = {"jinja2", "tallybook.delivery", "tallybook.gateways.mail", "tallybook.gateways.bus"}
CALLERS = {"tallybook.domain.credentials", "tallybook.store.credentials"}
NEVER = {"email_validator", "orjson", "stripe", "moto", "aws_xray_sdk", "tallybook.store.capacity", "tallybook.openapi"}
ABSENT = {
    "identity": OPERATOR | NEVER | MAIL,
    "accounts": OPERATOR | NEVER | MAIL | {"bcrypt"},
    "budgets": OPERATOR | NEVER | MAIL | {"bcrypt"},
    "billing": OPERATOR | NEVER | MAIL | {"bcrypt"},
    "quotas": OPERATOR | NEVER | MAIL | {"bcrypt"},
    "metering": OPERATOR | NEVER | MAIL | {"bcrypt"},
    "usage_queue": OPERATOR | NEVER | MAIL | WEB | CALLERS | {"bcrypt"},
    "invoicing": OPERATOR | NEVER | MAIL | WEB | CALLERS | {"bcrypt"},
    "usage_check": OPERATOR | NEVER | MAIL | WEB | {"bcrypt"},
    "outbox": OPERATOR | NEVER | WEB | {"bcrypt"},
    "mail_feedback": OPERATOR | NEVER | MAIL | WEB | CALLERS | {"bcrypt"},
    "archive": OPERATOR | NEVER | MAIL | WEB | CALLERS | {"bcrypt", "tallybook.domain.accounts"},
}


def run(*command: str) -> str:
    completed = subprocess.run(
        [sys.executable, *command],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": ROOTS},
        capture_output=True,
        text=True,
        check=False,
    )
    assert completed.returncode == 0, completed.stdout + completed.stderr
    return completed.stdout


def test_every_import_contract_is_kept() -> None:
    assert "0 broken" in run("-c", "from importlinter.cli import lint_imports_command as lint; lint(['--no-logo'])")


def test_every_function_is_listed() -> None:
    assert ABSENT.keys() == {file.parent.name for file in (ROOT / "functions").glob("*/app.py")}


@pytest.mark.parametrize("function", ABSENT)
def test_a_function_does_not_load_what_it_does_not_need(function: str) -> None:
    loaded = set(run("-c", f"import sys, {function}.app; print(*sys.modules)").split())
    assert loaded & ABSENT[function] == set()
