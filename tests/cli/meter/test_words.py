"""Every code of a refusal has words."""

import ast
from pathlib import Path

from tallybook.cli.meter.words import EVENTS, session_words
from tallybook.domain import admission
from tallybook.domain.quotas import FIELDS
from tallybook.domain.usage import Rejection
from tallybook.services import metering

SIZES = (
    "max_cpu_cores_per_sandbox",
    "max_memory_gb_per_sandbox",
    "max_storage_gb_per_sandbox",
    "max_sandbox_timeout_seconds",
)


def test_each_reason_of_a_rejected_event_has_words():
    assert set(EVENTS) == set(Rejection.__value__.__args__)


def test_the_reasons_are_those_that_the_service_gives():
    found = set()
    for file in Path(metering.__path__[0]).glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value in EVENTS:
                found.add(node.value)
            if isinstance(node, ast.Call) and ast.unparse(node.func) in ("IngestResult", "self._reject"):
                codes = [one.value for one in ast.walk(node) if isinstance(one, ast.Constant)]
                texts = {code for code in codes if isinstance(code, str)} - {
                    "rejected",
                    "accepted",
                    "duplicate",
                    "conflict",
                }
                assert texts <= set(EVENTS)
    assert found == set(EVENTS)


def test_each_reason_against_a_session_has_words_once_with_value_and_limit():
    codes = [*SIZES, "budget_restricted", *(f"{owner}_{name}" for owner in ("account", "user") for name in FIELDS)]
    for code in codes:
        words = session_words([{"code": code, "limit": 2, "current": 4.5}])
        assert words.count(code) == 1
        assert "4.5" in words
        assert "2" in words
        assert ": 4.5 of 2" not in words or code == "budget_restricted"
    for code in (*admission._STATUS_MESSAGES, "account_deleted", "user_deleted"):
        assert " is " in session_words([{"code": code, "limit": None, "current": None}])


def test_the_codes_of_sizes_are_those_of_admission():
    source = Path(admission.__file__).read_text()
    assert [size for size in SIZES if f'"{size}"' not in source] == []
