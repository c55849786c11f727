"""POST /v1/platform/events through the handler: which bodies it reads, and that each event counts once."""

from typing import Any

import pytest

from tallybook import runtime
from tests.functions.refusal import check_refusal
from tests.functions.usage_events import PATH, counted_cpu_seconds, post_events, send_events
from tests.support.app import App, Member
from tests.support.call import call
from tests.support.cloud import make_context
from tests.support.faults import Faults, lost_answer, throttle

SINGLE = {"content-type": "application/cloudevents+json; charset=utf-8"}
BATCH = {"content-type": "application/cloudevents-batch+json"}


@pytest.fixture
def key(app: App) -> str:
    return app.platform_key("usage:write")


@pytest.fixture
def member(app: App) -> Member:
    return app.member()


@pytest.mark.parametrize(
    ("headers", "batch"),
    [(SINGLE, False), (BATCH, True), (None, True), (None, False), ({"content-type": "text/plain"}, True)],
)
def test_one_event_a_batch_and_a_plain_array_are_read_alike(
    app: App, key: str, member: Member, headers: dict[str, str] | None, batch: bool
) -> None:
    event = app.event(member, quantity=7)
    answer = post_events(app, key, [event] if batch else event, headers=headers)
    assert answer.json["data"]["results"] == [{"id": event["id"], "status": "accepted"}]
    assert counted_cpu_seconds(app, member) == 7


@pytest.mark.parametrize("body", ["null", "5", '"event"', "true", "1.5"])
def test_an_envelope_that_holds_no_events_is_a_400(app: App, key: str, body: str) -> None:
    check_refusal(call("POST", PATH, key=key, raw=body.encode()), PATH)


def test_a_thousand_events_are_taken_and_one_more_is_a_400_that_counts_nothing(
    app: App, key: str, member: Member
) -> None:
    event = app.event(member, quantity=1)
    assert "1000" in check_refusal(post_events(app, key, [event] * 1001), PATH)
    assert counted_cpu_seconds(app, member) == 0
    assert send_events(app, key, *[event] * 1000) == ["accepted"] + ["duplicate"] * 999
    assert counted_cpu_seconds(app, member) == 1


def test_what_is_no_event_is_rejected_and_the_others_count(app: App, key: str, member: Member) -> None:
    valid = [app.event(member, quantity=1) for _ in range(2)]
    odd: list[Any] = [None, 5, "event", [], [valid[0]], {}, {"id": 5}, {"id": "only an id"}, True]
    answers = send_events(app, key, valid[0], *odd, valid[1])
    assert (answers[0], answers[-1]) == ("accepted", "accepted")
    assert all(answer.startswith("rejected ") for answer in answers[1:-1])
    assert counted_cpu_seconds(app, member) == 2


def test_results_are_in_the_order_sent(app: App, key: str, member: Member) -> None:
    other = app.member()
    events = [app.event(one, quantity=1) for _ in range(20) for one in (member, other)]
    old = app.event(member, time="2020-01-01T00:00:00Z")
    unknown = {**app.event(member), "subject": "acc-nobody"}
    send_events(app, key, events[3], events[4])
    changed = {**events[4], "data": {"meter": "cpu_seconds", "quantity": 2}}
    expected = ["accepted"] * 40 + ["duplicate", "rejected too_old", "conflict", "rejected unknown_account"]
    expected[3], expected[4] = "duplicate", "duplicate"
    assert send_events(app, key, *events, events[7], old, changed, unknown) == expected
    assert counted_cpu_seconds(app, member) == counted_cpu_seconds(app, other) == 20


def test_an_event_repeated_in_another_notation_is_a_duplicate(app: App, key: str, member: Member) -> None:
    event = app.event(member, quantity=1, time="2026-04-20T12:00:00Z", user_id=member.user_id)
    again = {**event, "time": "2026-04-20T14:00:00.000+02:00", "data": {**event["data"], "quantity": "1.000"}}
    more = {
        **event,
        "datacontenttype": "application/json",
        "traceparent": "00-ab",
        "data": {**event["data"], "note": 1},
    }
    scientific = {**event, "data": {**event["data"], "quantity": "1e0", "sku": None}}
    answers = send_events(app, key, event, event, again, more, scientific)
    assert answers == ["accepted", "duplicate", "duplicate", "duplicate", "duplicate"]
    assert send_events(app, key, event, again) == ["duplicate", "duplicate"]
    assert counted_cpu_seconds(app, member) == 1


@pytest.mark.parametrize(
    "change",
    [
        {"quantity": 101},
        {"meter": "ram_gb_seconds"},
        {"session_id": "run-1"},
        {"app_id": "writer"},
        {"user_id": "usr-other"},
        {"time": "2026-04-20T12:34:55.999Z"},
    ],
    ids=str,
)
def test_the_same_identity_with_other_content_is_a_conflict(
    app: App, key: str, member: Member, change: dict[str, Any]
) -> None:
    event = app.event(member)
    changed = {**event, **{name: value for name, value in change.items() if name in event}}
    changed["data"] = {**event["data"], **{name: value for name, value in change.items() if name not in event}}
    assert send_events(app, key, event, changed) == ["accepted", "conflict"]
    assert send_events(app, key, changed, event) == ["conflict", "duplicate"]
    assert counted_cpu_seconds(app, member) == 100


def test_another_source_or_another_id_is_another_event(app: App, key: str, member: Member) -> None:
    event = app.event(member, quantity=1)
    others = [
        {**event, "source": "elsewhere"},
        {**event, "id": "another"},
        {**event, "id": "test", "source": event["id"]},
    ]
    split = [{**event, "source": "a", "id": "bc"}, {**event, "source": "ab", "id": "c"}]
    assert send_events(app, key, event, *others, *split) == ["accepted"] * 6
    assert counted_cpu_seconds(app, member) == 6


def test_a_refused_event_leaves_its_identity_free_for_a_valid_one(app: App, key: str, member: Member) -> None:
    valid = app.event(member, quantity=1)
    bad = [
        {**valid, "data": {"meter": "kilowatts", "quantity": 1}},
        {**valid, "time": "2020-01-01T00:00:00Z"},
        {**valid, "subject": "acc-nobody"},
    ]
    for event in bad:
        assert send_events(app, key, event)[0].startswith("rejected")
    answers = send_events(app, key, *bad, valid, bad[0], valid)
    assert answers == [
        "rejected unknown_meter",
        "rejected too_old",
        "rejected unknown_account",
        "accepted",
        "conflict",
        "duplicate",
    ]
    assert counted_cpu_seconds(app, member) == 1


def test_a_lost_answer_counts_nothing_twice(app: App, key: str, member: Member, monkeypatch: Any) -> None:
    events = [app.event(member, quantity=1) for _ in range(3)]
    for n in range(1, 5):
        faults = Faults().fail_nth(n, "after", lost_answer)
        ctx = make_context(app.client, interceptor=faults, clock=app.clock)
        monkeypatch.setattr(runtime, "context", lambda ctx=ctx: ctx)
        assert set(send_events(app, key, *events)) <= {"accepted", "duplicate"}
        assert faults.calls >= n - 1
        assert counted_cpu_seconds(app, member) == 3


def test_events_that_a_busy_table_rejects_can_be_sent_again(
    app: App, key: str, member: Member, monkeypatch: Any
) -> None:
    events = [app.event(member, quantity=1) for _ in range(3)]
    faults = Faults()
    ctx = make_context(app.client, interceptor=faults, clock=app.clock)
    ctx.catalogs.current()
    faults.clear()
    for n in range(4, 500):  # the first three read the key, the accounts and the periods
        faults.fail_nth(n, error=throttle)
    monkeypatch.setattr(runtime, "context", lambda: ctx)
    assert send_events(app, key, *events) == ["rejected retry"] * 3
    faults.clear()
    assert send_events(app, key, *events) == ["accepted"] * 3
