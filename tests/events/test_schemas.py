"""Each event has a schema and each schema an event; each schema is valid and describes every field."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError

from tallybook.domain import events
from tests.events.schemas import README, SCHEMAS, example, faults, fields, file_name

EVENTS = Path(events.__file__).parent
MADE = sorted(EVENTS.glob("*.py"))
TALLYBOOK = EVENTS.parents[1]
FIELDS = [(file, place) for file, schema in SCHEMAS.items() for place, _, _ in fields(schema)]
OF_EACH_TYPE: dict[str, Any] = {"null": None, "boolean": True, "number": 0.5, "string": "?", "array": [], "object": {}}


def announced(file: Path) -> Iterator[str]:
    """The schema's name for each event that the code in the file can create."""
    for call in ast.walk(ast.parse(file.read_text())):
        if isinstance(call, ast.Call) and ast.unparse(call.func).endswith("BusEvent"):
            name, *rest = (ast.literal_eval(argument) for argument in call.args if isinstance(argument, ast.Constant))
            named = {keyword.arg: ast.literal_eval(keyword.value) for keyword in call.keywords}
            yield file_name(name, named.get("version", rest[0] if rest else 1))


def holder(detail: dict[str, Any], place: str) -> tuple[dict[str, Any], str]:
    """The object that has the field, and the field's name."""
    *way, name = place.split(".")
    for step in way:
        detail = detail[step]
    return detail, name


def test_every_event_has_a_schema_and_every_schema_an_event() -> None:
    assert sorted(name for file in MADE for name in announced(file)) == sorted(SCHEMAS)


def test_events_are_created_only_in_these_modules() -> None:
    elsewhere = [file for file in TALLYBOOK.rglob("*.py") if file not in MADE]
    assert [file.name for file in elsewhere if list(announced(file))] == []


def test_the_readme_lists_every_event() -> None:
    readme = README.read_text()
    assert [file for file, schema in SCHEMAS.items() if f"`{schema['title']}`" not in readme] == []


@pytest.mark.parametrize("file", SCHEMAS)
def test_a_schema_is_valid_and_has_the_name_and_version_of_its_file(file: str) -> None:
    schema = SCHEMAS[file]
    Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == Draft202012Validator.META_SCHEMA["$id"]
    assert file == file_name(schema["title"], schema["properties"]["version"]["const"])


@pytest.mark.parametrize("file", SCHEMAS)
def test_a_schema_describes_the_event_and_each_field_in_a_sentence(file: str) -> None:
    schema = SCHEMAS[file]
    for place, field, _ in [(file, schema, True), *fields(schema)]:
        assert field["description"][0].isupper() or field["description"][0] == "`", place
        assert field["description"].endswith("."), place
        assert "type" in field, place


@pytest.mark.parametrize("file", SCHEMAS)
def test_a_schema_allows_more_fields_and_requires_its_own(file: str) -> None:
    schema = SCHEMAS[file]
    for part in (schema, schema["properties"]["data"]):
        assert part["additionalProperties"] is True
        assert part["required"] == list(part["properties"])
    later = example(schema)
    later["added"] = later["data"]["added"] = {"by": "a later release"}
    assert faults(schema, later) == []


@pytest.mark.parametrize("file", SCHEMAS)
def test_a_schemas_example_is_valid_and_has_every_field(file: str) -> None:
    shown = example(SCHEMAS[file])
    assert faults(SCHEMAS[file], shown) == []
    for _, place in (field for field in FIELDS if field[0] == file):
        there, name = holder(shown, place)
        assert name in there


@pytest.mark.parametrize(("file", "place"), FIELDS)
def test_a_missing_field_or_one_of_another_type_is_reported(file: str, place: str) -> None:
    schema = SCHEMAS[file]
    without = example(schema)
    there, name = holder(without, place)
    del there[name]
    assert [fault.partition(": ")[2] for fault in faults(schema, without)] == [f"{name!r} is a required property"]
    declared = next(field["type"] for found, field, _ in fields(schema) if found == place)
    for other in OF_EACH_TYPE.keys() - {*([declared] if isinstance(declared, str) else declared)}:
        changed = example(schema)
        there, name = holder(changed, place)
        there[name] = OF_EACH_TYPE[other]
        assert faults(schema, changed), other


@pytest.mark.parametrize(
    ("file", "place", "wrong"),
    [
        ("UserInvited.v1.json", "data.user_id", "usr-1"),
        ("UserInvited.v1.json", "data.user_id", "acc-019676a2-11a0-7c1b-9d5e-3f8a6b2c4d10"),
        ("UserInvited.v1.json", "data.account_id", "019676a2-11a0-7c1b-9d5e-3f8a6b2c4d10"),
        ("UserInvited.v1.json", "data.email", "grace"),
        ("UserInvited.v1.json", "data.role", "owner"),
        ("UserInvited.v1.json", "data.status", "deleted"),
        ("UserInvited.v1.json", "time", "2026-04-27T12:34:56Z"),
        ("UserInvited.v1.json", "time", "2026-04-31T12:34:56.000Z"),
        ("UserInvited.v1.json", "time", "2026-04-27T12:34:56.000+02:00"),
        ("UserInvited.v1.json", "version", 2),
        ("UserInvited.v1.json", "id", "event-1"),
        ("UserSuspended.v1.json", "data.status", "active"),
        ("ApiKeyCreated.v1.json", "data.expires_at", "2027-01-01"),
        ("WalletMoved.v1.json", "data.amount", 0),
        ("WalletMoved.v1.json", "data.amount", 0.5),
        ("WalletMoved.v1.json", "data.amount", "5"),
        ("WalletMoved.v1.json", "data.number", 0),
        ("InvoiceIssued.v1.json", "data.invoice_id", "019676a2-11a0-7c1b-9d5e-3f8a6b2c4d10"),
        ("InvoiceIssued.v1.json", "data.invoice_number", 0),
        ("InvoiceIssued.v1.json", "data.period_start", "2026-04-01"),
        ("InvoiceIssued.v1.json", "data.total", -1),
        ("InvoiceIssued.v1.json", "data.total", 29.5),
        ("InvoiceIssued.v1.json", "data.currency", "usd"),
        ("InvoiceIssued.v1.json", "data.status", "draft"),
        ("InvoicePaid.v1.json", "data.amount_due", 1),
        ("InvoicePaid.v1.json", "data.payment_method", "Cash"),
        ("InvoiceOverdue.v1.json", "data.amount_due", 0),
        ("InvoiceVoided.v1.json", "data.given_back", -1),
        ("InvoiceVoided.v1.json", "data.reason", ""),
        ("QuotaAllocationChanged.v1.json", "data.status", "inactive"),
        ("QuotaAllocationChanged.v1.json", "data.traffic_gb_seconds", -1),
        ("QuotaRequested.v1.json", "data.concurrent_sandboxes", 0.5),
        ("QuotaRequested.v1.json", "data.reason", ""),
        ("QuotaRequestWithdrawn.v1.json", "data.request_id", "qal-019676a2-7d10-7c1b-9d5e-3f8a6b2c4d10"),
        ("QuotaReviewed.v1.json", "data.status", "pending"),
        ("QuotaReached.v1.json", "data.percent", 90),
        ("QuotaReached.v1.json", "data.quota", "concurrent_sandboxes"),
        ("QuotaReached.v1.json", "data.used", "1e3"),
        ("BudgetSet.v1.json", "data.budget_amount", 0),
        ("BudgetSet.v1.json", "data.budget_id", "2"),
        ("BudgetSet.v1.json", "data.limit_type", "Hard"),
        ("BudgetSet.v1.json", "data.thresholds", ["50"]),
        ("BudgetSet.v1.json", "data.thresholds", [{"percent": "50"}]),
        ("BudgetSet.v1.json", "data.thresholds", [{"percent": 50, "enabled": True}]),
        ("BudgetSet.v1.json", "data.thresholds", [{"percent": "50", "enabled": "yes"}]),
        ("BudgetSet.v1.json", "data.notification_emails", ["finance"]),
        ("BudgetThresholdReached.v1.json", "data.threshold_percent", "66.667"),
        ("BudgetThresholdReached.v1.json", "data.threshold_type", "reached"),
        ("BudgetThresholdReached.v1.json", "data.notification_id", "1234567890ab"),
        ("BudgetThresholdReached.v1.json", "data.message_id", 0),
        ("BudgetRestricted.v1.json", "data.used", -1),
        ("BudgetRestrictionLifted.v1.json", "data.period_end", None),
    ],
)
def test_a_value_of_another_format_is_reported(file: str, place: str, wrong: object) -> None:
    changed = example(SCHEMAS[file])
    there, name = holder(changed, place)
    there[name] = wrong
    assert faults(SCHEMAS[file], changed)


def test_an_invalid_schema_is_reported() -> None:
    broken = SCHEMAS["UserJoined.v1.json"] | {"type": "thing"}
    with pytest.raises(SchemaError):
        Draft202012Validator.check_schema(broken)
