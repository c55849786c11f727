"""The log guard of the test run: it finds each kind of secret in each logger, and fails the test that logged it."""

import importlib
import logging
import subprocess
import sys
from pathlib import Path

import pytest

from tallybook.domain.credentials import format_credential, format_platform_key
from tallybook.domain.passwords import new_token
from tallybook.services.identity.password_hashing import hash_password
from tests.functions.route_catalog import NEW_PASSWORD
from tests.support.app import PASSWORD
from tests.support.clock import StillClock
from tests.support.log_guard import SECRETS, guard

ROOT = Path(__file__).parents[2]
ID = "019d0000-0000-7000-8000-000000000000"
IDS = {"account_id": ID, "user_id": ID}
SAMPLES = {
    "an API key": format_credential("api_key", **IDS, credential_id=ID, secret=b"s" * 32),
    "a session": format_credential("session", **IDS, credential_id=ID, secret=b"s" * 32),
    "a platform key": format_platform_key(key_id=ID, secret=b"s" * 32),
    "a password token": new_token(**IDS, purpose="reset", now=StillClock().now(), secret=b"s" * 32)[1],
    "a password hash": hash_password(PASSWORD, rounds=4),
    "a password": PASSWORD,
}


@pytest.mark.parametrize("kind", SECRETS)
def test_each_kind_of_secret_is_found_anywhere_in_a_record(kind: str) -> None:
    logger, secret = logging.getLogger("a library"), SAMPLES[kind]
    logger.warning("given %s", secret)
    logger.warning("given", extra={"headers": {"x-api-key": secret}})
    try:
        raise ValueError(secret)
    except ValueError:
        logger.exception("failed")
    found = guard.take()
    assert len(found) >= 3
    assert {text.partition(", by")[0] for text in found} == {kind}


def test_text_that_is_no_secret_is_not_reported() -> None:
    logger = logging.getLogger("a library")
    logger.warning("sk- sess_ pk- pwt_ sk-short", extra={"id": f"key-{ID}", "path": "/auth/password/new"})
    assert guard.take() == []


def test_every_password_of_the_tests_is_found() -> None:
    logging.getLogger("a library").warning("%s", [PASSWORD, NEW_PASSWORD, "wrong horse battery"])
    assert len(guard.take()) == 3


@pytest.mark.parametrize(
    "module", ["tallybook.http", "tallybook.queued_job", "usage_queue.app", "outbox.app", "mail_feedback.app"]
)
def test_the_logger_of_each_function_is_seen(module: str) -> None:
    logger = importlib.import_module(module).logger
    logger.info("request", extra={"query": f"api_key={SAMPLES['an API key']}"})
    assert len(guard.take()) == 1


def test_only_the_test_that_logs_a_secret_fails(tmp_path: Path) -> None:
    (tmp_path / "test_of_two.py").write_text(f"""
from aws_lambda_powertools import Logger

def test_careless():
    Logger().info("request", extra={{"key": "{SAMPLES["an API key"]}"}})

def test_careful():
    Logger().info("request", extra={{"key": "***"}})
""")
    command = [sys.executable, "-m", "pytest", "-p", "tests.support.log_guard", "--rootdir", str(tmp_path)]
    ran = subprocess.run([*command, str(tmp_path)], cwd=ROOT, capture_output=True, text=True, check=False)
    assert ran.returncode == 1
    assert "::test_careless" in ran.stdout.rpartition("FAILED")[2]
    assert "Secrets were logged: an API key, by" in ran.stdout
    assert "1 failed, 1 passed" in ran.stdout
