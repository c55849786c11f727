"""A rejected event gets a reason, and the other events count."""

from datetime import timedelta
from typing import Any

import pytest

from tallybook.services.identity.platform_keys import create_platform_key
from tests.functions.usage_events import PATH, send_events
from tests.support.app import App, Member
from tests.support.call import call
from tests.support.ndjson import as_json


@pytest.fixture
def key(app: App) -> str:
    return app.platform_key("usage:write")


@pytest.fixture
def member(app: App) -> Member:
    return app.member()


@pytest.mark.parametrize(
    ("changes", "answer"),
    [
        ({"time": timedelta(minutes=10)}, "accepted"),
        ({"time": timedelta(minutes=10, milliseconds=1)}, "rejected too_far_ahead"),
        ({"time": "9999-12-31T23:59:59Z"}, "rejected too_far_ahead"),
        ({"time": timedelta(days=-35)}, "accepted"),
        ({"time": timedelta(days=-35, milliseconds=-1)}, "rejected too_old"),
        ({"time": "0001-01-01T00:00:00Z"}, "rejected too_old"),
        ({"meter": "kilowatts"}, "rejected unknown_meter"),
        ({"meter": "container_minutes"}, "rejected unknown_sku"),
        ({"meter": "container_minutes", "sku": "XXL"}, "rejected unknown_sku"),
        ({"sku": "S"}, "rejected unknown_sku"),
        ({"meter": "container_minutes", "sku": "S"}, "accepted"),
        ({"meter": "credits", "quantity": "0.5"}, "rejected data.quantity must be a whole number"),
        ({"quantity": "5.000000001"}, "accepted"),
        ({"quantity": "1000000000000000"}, "accepted"),
    ],
    ids=str,
)
def test_each_reason_is_reported(app: App, key: str, changes: dict[str, Any], answer: str) -> None:
    app.clock.advance(days=-40)
    member = app.member()
    app.clock.advance(days=40)
    now = app.clock.now()
    resolved = {name: now + value if isinstance(value, timedelta) else value for name, value in changes.items()}
    assert send_events(app, key, app.event(member, **resolved)) == [answer]


@pytest.mark.parametrize("value", ["NaN", "1e999999999999999999999", "9" * 5000, r'"\ud800"', "[" * 9**5 + "]" * 9**5])
@pytest.mark.parametrize("name", ["quantity", "id", "subject"])
def test_a_value_that_cannot_be_costs_its_event_only(app: App, key: str, member: Member, name: str, value: str) -> None:
    good = [as_json(app.event(member)).decode() for _ in range(2)]
    bad = as_json(app.event(member, **{name: "HERE"})).decode().replace('"HERE"', value)
    answer = call("POST", PATH, key=key, raw=f"[{good[0]}, {bad}, {good[1]}]".encode())
    results = [result["status"] for result in answer.json["data"]["results"]]
    assert (answer.status, results) == (200, ["accepted", "rejected", "accepted"])


def test_an_event_counts_from_the_start_of_the_accounts_first_period(app: App, key: str, member: Member) -> None:
    first = "2026-04-20T00:00:00Z"
    eve = "2026-04-19T23:59:59.999Z"
    events = [app.event(member, time=first), app.event(member, time=eve)]
    assert send_events(app, key, *events) == ["accepted", "rejected before_account"]


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("specversion", [None, "0.3", 1.0, "", "1.0 "]),
        ("type", [None, "tallybook.usage.v2", "", 5]),
        ("id", [None, "", 5, "x" * 257, {}]),
        ("source", [None, "", 5, "x" * 257]),
        ("time", [None, "", 5, "2026-04-20", "2026-04-20T12:00:00", "2026-04-31T12:00:00Z", "yesterday", "x" * 999]),
        ("subject", [None, "", 5, "nobody", "acc-", "usr-1", "acc-" + "a" * 65, "acc-a#b", "acc-é"]),
        ("data", [None, "", 5, [], "text", True]),
        ("meter", [None, "", 5, "x" * 65]),
        ("quantity", [None, "", True, 0, -1, "0", "-1", "1.0000000001", 1e15 + 1, "1e16", "NaN", "Infinity", "1_000"]),
        ("quantity", ["0x10", " 1", "1 ", "1,5", "٣", "1e-10", "1e999999999", [], {}, "9" * 10_000, 1e-300]),
        ("user_id", ["", 5, "nobody", "usr-", "acc-1", "usr-a_b", []]),
        ("session_id", ["", 5, "a#b", "a:b", "a\nb", "x" * 65, []]),
        ("app_id", ["", 5, "a#b", "a:b", "\u0000", "x" * 65]),
        ("sku", ["", 5, "a#b", "a:b", "\u200b", "x" * 65]),
    ],
    ids=str,
)
def test_a_wrong_field_is_named_and_rejects_only_its_event(
    app: App, key: str, member: Member, field: str, values: list[Any]
) -> None:
    before = app.stored("usage")
    bad = [app.event(member, **{field: value}) for value in values]
    answers = send_events(app, key, *bad)
    assert all(answer.startswith("rejected ") and field in answer for answer in answers), answers
    assert app.stored("usage") == before
    assert send_events(app, key, *bad[:3], app.event(member))[-1] == "accepted"


def test_a_missing_field_is_named_and_rejects_its_event(app: App, key: str, member: Member) -> None:
    valid = app.event(member)
    without = [{name: value for name, value in valid.items() if name != left_out} for left_out in valid]
    without += [{**valid, "data": {"meter": "cpu_seconds"}}, {**valid, "data": {"quantity": 1}}]
    answers = send_events(app, key, *without)
    for answer, field in zip(answers, [*valid, "quantity", "meter"], strict=True):
        assert answer.startswith("rejected ")
        assert field in answer


def test_a_key_with_a_source_prefix_sends_only_events_whose_source_begins_so(app: App, member: Member) -> None:
    key = create_platform_key(app.ctx, name="host 1", scopes=["usage:write"], source_prefix="host-1/").text
    sources = ("host-1/", "host-1/disk", "host-1", "host-11/", "HOST-1/", "")
    own, deeper, *others, empty = [app.event(member, source=source) for source in sources]
    refused = ["rejected source_not_allowed"] * len(others)
    malformed = "rejected source must be a string of 1 to 256 characters, without control characters and not invisible"
    assert send_events(app, key, own, deeper, *others, empty) == ["accepted", "accepted", *refused, malformed]
    assert len(app.stored("usage", "EVENT")) == 2


def test_a_source_that_is_not_allowed_does_not_tell_what_was_counted(app: App, key: str, member: Member) -> None:
    counted = app.event(member, source="host-2/")
    assert send_events(app, key, counted) == ["accepted"]
    other = create_platform_key(app.ctx, name="host 1", scopes=["usage:write"], source_prefix="host-1/").text
    unknown = counted | {"id": "never sent", "subject": "acc-unknown"}
    assert send_events(app, other, counted, unknown) == ["rejected source_not_allowed"] * 2
