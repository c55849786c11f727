"""POST /v1/platform/events through the handler: what is counted, what is not, and what each event is told."""

import json
from collections import Counter
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from tests.functions.refusal import check_refusal
from tests.support.call import Answer, call
from tests.support.faults import Faults, lost_answer, throttle
from tests.support.house import House, Member
from tests.support.invariants import check_invariants
from tests.support.ndjson import as_json

PATH = "/v1/platform/events"
SINGLE = {"content-type": "application/cloudevents+json; charset=utf-8"}
BATCH = {"content-type": "application/cloudevents-batch+json"}


@pytest.fixture
def key(house: House) -> str:
    return house.platform_key("usage:write")


@pytest.fixture
def member(house: House) -> Member:
    return house.member()


def post(house: House, key: str, body: Any, *, headers: dict[str, str] | None = None) -> Answer:
    answer = call("POST", PATH, key=key, raw=as_json(body), headers=headers)
    check_invariants(house)
    return answer


def told(house: House, key: str, *events: Any) -> list[str]:
    """Status, or status and reason, of each event, the sums having been checked."""
    answer = post(house, key, list(events))
    assert answer.status == 200, answer.text
    data = answer.json["data"]
    assert [result["id"] for result in data["results"]] == [
        event["id"] if isinstance(event, dict) and isinstance(event.get("id"), str) else "" for event in events
    ]
    counts = Counter(result["status"] for result in data["results"])
    assert (data["accepted"], data["duplicates"], data["conflicts"], data["rejected"]) == (
        counts["accepted"],
        counts["duplicate"],
        counts["conflict"],
        counts["rejected"],
    )
    return [" ".join(filter(None, (result["status"], result.get("reason")))) for result in data["results"]]


def quantity_of(house: House, member: Member) -> Decimal:
    """The CPU seconds counted for the account, over all its periods."""
    periods = [item for item in house.stored("usage") if item["sk"] == "period#0" and member.account.id in item["pk"]]
    return sum((item.get("q:cpu_seconds", Decimal(0)) for item in periods), Decimal(0))


# Shapes of a request


@pytest.mark.parametrize(
    ("headers", "batch"),
    [(SINGLE, False), (BATCH, True), (None, True), (None, False), ({"content-type": "text/plain"}, True)],
)
def test_one_event_a_batch_and_a_plain_array_are_read_alike(
    house: House, key: str, member: Member, headers: dict[str, str] | None, batch: bool
) -> None:
    event = house.event(member, quantity=7)
    answer = post(house, key, [event] if batch else event, headers=headers)
    assert answer.json["data"]["results"] == [{"id": event["id"], "status": "accepted"}]
    assert quantity_of(house, member) == 7


@pytest.mark.parametrize("body", ["[]", "null", "5", '"event"', "true", "1.5"])
def test_an_envelope_that_holds_no_events_is_a_400(house: House, key: str, body: str) -> None:
    check_refusal(call("POST", PATH, key=key, raw=body.encode()), PATH)


def test_a_thousand_events_are_taken_and_one_more_is_a_400_that_counts_nothing(
    house: House, key: str, member: Member
) -> None:
    event = house.event(member, quantity=1)
    assert "1000" in check_refusal(post(house, key, [event] * 1001), PATH)
    assert quantity_of(house, member) == 0
    assert told(house, key, *[event] * 1000) == ["accepted"] + ["duplicate"] * 999
    assert quantity_of(house, member) == 1


def test_what_is_no_event_is_rejected_in_its_place_and_the_others_count(house: House, key: str, member: Member) -> None:
    good = [house.event(member, quantity=1) for _ in range(2)]
    odd: list[Any] = [None, 5, "event", [], [good[0]], {}, {"id": 5}, {"id": "only an id"}, True]
    answers = told(house, key, good[0], *odd, good[1])
    assert (answers[0], answers[-1]) == ("accepted", "accepted")
    assert all(answer.startswith("rejected ") for answer in answers[1:-1])
    assert quantity_of(house, member) == 2


def test_results_stand_in_the_order_sent_whatever_became_of_each(house: House, key: str, member: Member) -> None:
    other = house.member()
    events = [house.event(one, quantity=1) for _ in range(20) for one in (member, other)]
    old = house.event(member, time="2020-01-01T00:00:00Z")
    stranger = {**house.event(member), "subject": "acc-nobody"}
    told(house, key, events[3], events[4])
    changed = {**events[4], "data": {"meter": "cpu_seconds", "quantity": 2}}
    expected = ["accepted"] * 40 + ["duplicate", "rejected too_old", "conflict", "rejected unknown_account"]
    expected[3], expected[4] = "duplicate", "duplicate"
    assert told(house, key, *events, events[7], old, changed, stranger) == expected
    assert quantity_of(house, member) == quantity_of(house, other) == 20


# One event, once


def test_an_event_sent_again_is_a_duplicate_however_it_is_written(house: House, key: str, member: Member) -> None:
    event = house.event(member, quantity=1, time="2026-04-20T12:00:00Z", user_id=member.user_id)
    again = {**event, "time": "2026-04-20T14:00:00.000+02:00", "data": {**event["data"], "quantity": "1.000"}}
    more = {
        **event,
        "datacontenttype": "application/json",
        "traceparent": "00-ab",
        "data": {**event["data"], "note": 1},
    }
    scientific = {**event, "data": {**event["data"], "quantity": "1e0", "sku": None}}
    answers = told(house, key, event, event, again, more, scientific)
    assert answers == ["accepted", "duplicate", "duplicate", "duplicate", "duplicate"]
    assert told(house, key, event, again) == ["duplicate", "duplicate"]
    assert quantity_of(house, member) == 1


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
    house: House, key: str, member: Member, change: dict[str, Any]
) -> None:
    event = house.event(member)
    changed = {**event, **{name: value for name, value in change.items() if name in event}}
    changed["data"] = {**event["data"], **{name: value for name, value in change.items() if name not in event}}
    assert told(house, key, event, changed) == ["accepted", "conflict"]
    assert told(house, key, changed, event) == ["conflict", "duplicate"]
    assert quantity_of(house, member) == 100


def test_another_source_or_another_id_is_another_event(house: House, key: str, member: Member) -> None:
    event = house.event(member, quantity=1)
    others = [
        {**event, "source": "elsewhere"},
        {**event, "id": "another"},
        {**event, "id": "test", "source": event["id"]},
    ]
    split = [{**event, "source": "a", "id": "bc"}, {**event, "source": "ab", "id": "c"}]
    assert told(house, key, event, *others, *split) == ["accepted"] * 6
    assert quantity_of(house, member) == 6


def test_a_refused_event_leaves_its_identity_to_a_better_one_even_in_the_same_request(
    house: House, key: str, member: Member
) -> None:
    good = house.event(member, quantity=1)
    bad = [
        {**good, "data": {"meter": "kilowatts", "quantity": 1}},
        {**good, "time": "2020-01-01T00:00:00Z"},
        {**good, "subject": "acc-nobody"},
    ]
    for event in bad:
        assert told(house, key, event)[0].startswith("rejected")
    answers = told(house, key, *bad, good, bad[0], good)
    assert answers == [
        "rejected unknown_meter",
        "rejected too_old",
        "rejected unknown_account",
        "accepted",
        "conflict",
        "duplicate",
    ]
    assert quantity_of(house, member) == 1


def test_a_lost_answer_counts_nothing_twice(house: House, key: str, member: Member, monkeypatch: Any) -> None:
    from tallybook import runtime
    from tests.support.cloud import make_context

    events = [house.event(member, quantity=1) for _ in range(3)]
    for n in range(1, 5):
        faults = Faults().fail_nth(n, "after", lost_answer)
        ctx = make_context(house.client, port=faults, clock=house.clock)
        monkeypatch.setattr(runtime, "context", lambda ctx=ctx: ctx)
        assert set(told(house, key, *events)) <= {"accepted", "duplicate"}
        assert faults.calls >= n - 1
        assert quantity_of(house, member) == 3


def test_what_could_not_be_counted_now_is_for_the_sender_to_send_again(
    house: House, key: str, member: Member, monkeypatch: Any
) -> None:
    from tallybook import runtime
    from tests.support.cloud import make_context

    events = [house.event(member, quantity=1) for _ in range(3)]
    faults = Faults()
    ctx = make_context(house.client, port=faults, clock=house.clock)
    ctx.catalogs.current()
    faults.clear()
    for n in range(3, 500):
        faults.fail_nth(n, error=throttle)
    monkeypatch.setattr(runtime, "context", lambda: ctx)
    assert told(house, key, *events) == ["rejected retry"] * 3
    faults.clear()
    assert told(house, key, *events) == ["accepted"] * 3


# What may count


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
        ({"meter": "credits", "quantity": "0.5"}, "rejected quantity must be a whole number"),
        ({"quantity": "5.000000001"}, "accepted"),
        ({"quantity": "1000000000000000"}, "accepted"),
    ],
    ids=str,
)
def test_each_reason_is_told(house: House, key: str, changes: dict[str, Any], answer: str) -> None:
    house.clock.advance(days=-40)
    member = house.member()
    house.clock.advance(days=40)
    now = house.clock.now()
    moved = {name: now + value if isinstance(value, timedelta) else value for name, value in changes.items()}
    assert told(house, key, house.event(member, **moved)) == [answer]


def test_an_event_counts_from_the_start_of_the_accounts_first_period(house: House, key: str, member: Member) -> None:
    first = "2026-04-20T00:00:00Z"
    eve = "2026-04-19T23:59:59.999Z"
    events = [house.event(member, time=first), house.event(member, time=eve)]
    assert told(house, key, *events) == ["accepted", "rejected before_account"]


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
def test_a_field_that_does_not_fit_rejects_its_event_by_name_and_no_other(
    house: House, key: str, member: Member, field: str, values: list[Any]
) -> None:
    before = house.stored("usage")
    bad = [house.event(member, **{field: value}) for value in values]
    answers = told(house, key, *bad)
    assert all(answer.startswith("rejected ") and field in answer for answer in answers), answers
    assert house.stored("usage") == before
    assert told(house, key, *bad[:3], house.event(member))[-1] == "accepted"


def test_a_field_that_is_missing_rejects_its_event_by_name(house: House, key: str, member: Member) -> None:
    good = house.event(member)
    without = [{name: value for name, value in good.items() if name != left_out} for left_out in good]
    without += [{**good, "data": {"meter": "cpu_seconds"}}, {**good, "data": {"quantity": 1}}]
    answers = told(house, key, *without)
    for answer, field in zip(answers, [*good, "quantity", "meter"], strict=True):
        assert answer.startswith("rejected ")
        assert field in answer


# Whose usage it is


def test_accounts_that_are_unknown_or_deleted_are_told_apart_and_hinder_nobody(
    house: House, key: str, member: Member
) -> None:
    gone = house.member()
    house.change_account(gone, status="deleted")
    unknown = {**house.event(member), "subject": "acc-019d0000-0000-7000-8000-000000000000"}
    events = [unknown, house.event(member), house.event(gone)]
    assert told(house, key, *events) == ["rejected unknown_account", "accepted", "rejected account_deleted"]


def test_a_suspended_accounts_usage_is_accepted(house: House, key: str, member: Member) -> None:
    house.change_account(member, status="suspended")
    house.change_user(member, status="suspended")
    assert told(house, key, house.event(member, user_id=member.user_id)) == ["accepted"]


def test_usage_of_one_account_is_on_its_own_bill_alone(house: House, key: str, member: Member) -> None:
    other = house.member()
    told(house, key, house.event(member, quantity=1_000_000), house.event(other, quantity=500_000))
    costs = [
        call("GET", "/v1/billing/current", key=one.api_key).json["data"]["current_cost"] for one in (member, other)
    ]
    assert costs == [14, 7]


def test_one_request_may_reach_into_two_periods(house: House, key: str, member: Member) -> None:
    house.clock.advance(days=31)
    times = ["2026-05-19T23:59:59.999Z", "2026-05-20T00:00:00Z"]
    assert told(house, key, *(house.event(member, time=time) for time in times)) == ["accepted", "accepted"]
    assert call("GET", "/v1/billing/current", key=member.api_key).json["data"]["current_period"]["start"] == times[1]
    assert quantity_of(house, member) == 200


# What the wallet pays


def ledger(house: House, member: Member) -> list[tuple[str, int, int]]:
    items = [item for item in house.stored("core") if item["sk"].startswith("ENTRY#")]
    mine = sorted((item for item in items if item["account_id"] == member.account.id), key=lambda item: item["number"])
    return [(item["kind"], int(item["amount"]), int(item["balance_after"])) for item in mine]


def test_credits_are_debited_with_one_ledger_entry_a_transaction(house: House, key: str, member: Member) -> None:
    events = [house.event(member, meter="credits", quantity=amount, app_id="writer") for amount in (100, 250, 50)]
    assert told(house, key, *events, house.event(member)) == ["accepted"] * 4
    assert ledger(house, member) == [("welcome", 1_000_000, 1_000_000), ("usage", -400, 999_600)]
    assert told(house, key, *events) == ["duplicate"] * 3
    assert told(house, key, *events, house.event(member, meter="credits", quantity=600))[-1] == "accepted"
    assert ledger(house, member)[2:] == [("usage", -600, 999_000)]
    assert call("GET", "/auth/me", bearer=member.session).json["user"]["balance"] == 999_000


def test_usage_may_take_the_balance_below_zero(house: House, key: str, member: Member) -> None:
    told(house, key, house.event(member, meter="credits", quantity=1_500_000))
    assert call("GET", "/auth/me", bearer=member.session).json["user"]["balance"] == -500_000


def test_more_wallet_events_than_a_transaction_holds_are_each_paid_once(house: House, key: str, member: Member) -> None:
    events = [house.event(member, meter="credits", quantity=1) for _ in range(110)]
    assert told(house, key, *events) == ["accepted"] * 110
    entries = ledger(house, member)
    assert len(entries) == 3
    assert entries[-1][2] == 1_000_000 - 110


def test_conflicts_and_rejections_are_not_paid(house: House, key: str, member: Member) -> None:
    event = house.event(member, meter="credits", quantity=10)
    changed = {**event, "data": {**event["data"], "quantity": 20}}
    old = house.event(member, meter="credits", quantity=40, time="2020-01-01T00:00:00Z")
    assert told(house, key, event, changed, old) == ["accepted", "conflict", "rejected too_old"]
    assert ledger(house, member)[1:] == [("usage", -10, 999_990)]


def test_quantities_are_exact_to_the_last_decimal(house: House, key: str, member: Member) -> None:
    quantities = ["0.1", "0.2", "0.000000001", "999999999999999.999999999", "1e15", "123456789.123456789"]
    events = [house.event(member, quantity=quantity) for quantity in quantities]
    numbers = [house.event(member, quantity=Decimal("0.1")), house.event(member, quantity=3)]
    raw = json.dumps([*events, *numbers], default=str)
    raw = raw.replace('"quantity": "0.1"}', '"quantity": 0.1}')
    assert call("POST", PATH, key=key, raw=raw.encode()).json["data"]["accepted"] == len(events) + 2
    assert quantity_of(house, member) == sum(map(Decimal, quantities), Decimal("3.1"))
