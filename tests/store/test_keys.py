"""The table of keys in the module's docstring matches its functions, row by row."""

import ast
import inspect
import re
from datetime import UTC, datetime
from typing import get_type_hints

import pytest

from tallybook.store import keys
from tallybook.store.keys import Key

PAGE = str(keys.__doc__)
ROW = re.compile(
    r"^    (?P<call>\w+\(.*?\)) +(?P<table>core|usage) +(?P<pk>\S+) +(?P<sk>\S+) +(?P<by>\S.*)$", re.MULTILINE
)
ROWS = [match.groupdict() for match in ROW.finditer(PAGE)]
START = datetime(2026, 4, 1, tzinfo=UTC)

NAMES = [
    "period",
    "day#2026-04-01",
    "day#2026-04-30",
    "late#2026-05-01T00:00:00.000Z",
    "user#U",
    "session#S",
    "app#P#2026-04-20",
]

FUNCTIONS = {
    name
    for name, value in vars(keys).items()
    if inspect.isfunction(value) and not name.startswith("_") and get_type_hints(value).get("return") is Key
}


def key_of(call: str) -> Key:
    """Call the function of a row: digits are numbers, T is a period's start, other words are ids."""
    name, arguments = re.fullmatch(r"(\w+)\((.*)\)", call).groups()
    words = [word for word in arguments.split(", ") if word]
    key: Key = getattr(keys, name)(*(START if word == "T" else int(word) if word.isdigit() else word for word in words))
    return key


@pytest.mark.parametrize("row", ROWS, ids=[row["call"] for row in ROWS])
def test_each_rows_example_is_the_key_that_its_function_returns(row: dict[str, str]) -> None:
    assert key_of(row["call"]) == Key(row["table"], row["pk"], row["sk"])


def test_every_function_has_one_row() -> None:
    assert sorted(row["call"].partition("(")[0] for row in ROWS) == sorted(FUNCTIONS)


def test_the_examples_are_distinct_keys() -> None:
    assert len({(row["table"], row["pk"], row["sk"]) for row in ROWS}) == len(ROWS)


def test_numbers_in_keys_sort_as_numbers() -> None:
    assert keys.ledger_entry("A", 9).sk < keys.ledger_entry("A", 10).sk < keys.ledger_entry("A", 10**11).sk
    assert keys.catalog_version(9).sk < keys.catalog_version(10).sk


def test_a_bill_reads_its_periods_days_totals_and_late_usage() -> None:
    first, last = keys.BILLED
    read = [name for name in NAMES if first <= keys.counter("A", START, name, 3).sk <= last]
    assert read == ["period", "day#2026-04-01", "day#2026-04-30", "late#2026-05-01T00:00:00.000Z"]


def test_a_closed_period_is_rated_from_its_total_and_late_usage() -> None:
    first, last = keys.RATED
    read = [name for name in NAMES if first <= keys.counter("A", START, name, 3).sk <= last]
    assert read == ["period", "late#2026-05-01T00:00:00.000Z"]


def test_invoices_costs_sessions_and_quota_rows_are_separate_ranges() -> None:
    inside = [keys.account("A"), keys.closing("A"), keys.dirty("A"), keys.audit("A", 1), keys.ledger_entry("A", 1)]
    of = {
        keys.INVOICES: keys.invoice("A", 10**11),
        keys.COSTS: keys.costs("A", START),
        keys.RUNS: keys.run("A", START, "S"),
        keys.ALLOCATIONS: keys.allocation("A", "ffffffff"),
        keys.REQUESTS: keys.quota_request("A", "ffffffff"),
    }
    for prefix, key in of.items():
        others = [*inside, *(other for other in of.values() if other != key)]
        assert [one for one in [*others, key] if prefix <= one.sk <= f"{prefix}~"] == [key]


def test_a_gauge_without_a_user_is_the_accounts() -> None:
    assert keys.gauge("A", None, "2026-04-20") == ("usage", "LEVEL#A#-", "2026-04-20")


def test_the_range_of_api_keys_contains_only_api_keys() -> None:
    inside = [
        keys.account("A"),
        keys.user("A", "U"),
        keys.sign_in("A", "S"),
        keys.ledger_entry("A", 1),
        keys.dirty("A"),
    ]
    assert not any(keys.API_KEYS <= key.sk <= f"{keys.API_KEYS}~" for key in inside)
    assert keys.API_KEYS <= keys.api_key("A", "ffffffff").sk <= f"{keys.API_KEYS}~"


def test_no_other_module_writes_a_key_prefix() -> None:
    """No other module of store/ and services/ has a string that starts with one of the prefixes."""
    prefixes = {part.partition("#")[0] + "#" for row in ROWS for part in (row["pk"], row["sk"]) if "#" in part}
    prefixes -= {"period#"}  # the caller passes a counter's name
    package = inspect.getfile(keys).rsplit("/", 2)[0]
    from pathlib import Path

    for path in [*Path(package, "store").glob("*.py"), *Path(package, "services").rglob("*.py")]:
        if path.name != "keys.py":
            texts = [node.value for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Constant)]
            assert not [text for text in texts if isinstance(text, str) and text.startswith(tuple(prefixes))], path
