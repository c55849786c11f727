"""The wallet pays events when they are counted, and each marker names the ledger entry that paid it."""

from collections import Counter
from typing import Any

import pytest

from tallybook.domain.counted_events import CountedEvent
from tallybook.services.metering.find_event import find_event
from tests.support.app import App, Member
from tests.support.invariants import check_invariants


@pytest.fixture
def member(app: App) -> Member:
    return app.member()


def test_an_event_that_costs_more_than_an_entry_may_move_is_rejected_alone(app: App) -> None:
    meters = app.catalog_data()["meters"]
    dear = [{"model": "per_unit", "unit_price": "999999999999999.999999"}]
    app.apply_catalog(meters=meters | {"credits": meters["credits"] | {"prices": dear}})
    app.forget_caches()
    member = app.member()
    events = [app.event(member, meter="credits", quantity="1e15") for _ in range(120)]
    answers = app.record(app.event(member), *events)
    assert answers[0].status == "accepted"
    assert {answer.reason for answer in answers[1:]} == {"data.quantity costs more than 10^15 credits"}
    check_invariants(app)


def ledger(app: App) -> list[tuple[str, int]]:
    return [(item["id"], -int(item["amount"])) for item in app.stored("core", "ENTRY#") if item["kind"] == "usage"]


def find(app: App, event: dict[str, Any]) -> CountedEvent:
    return find_event(app.ctx, source=event["source"], id=event["id"])


def test_events_paid_in_one_transaction_name_one_entry_and_their_amounts(app: App, member: Member) -> None:
    paid = [app.event(member, meter="credits", quantity=quantity) for quantity in (300_000, 1, 20)]
    billed = app.event(member)
    app.record(*paid, billed)
    ((entry_id, amount),) = ledger(app)
    assert amount == 300_021
    accepted = [find(app, event).acceptance for event in paid]
    assert [(one.entry_id, one.amount) for one in accepted] == [(entry_id, 300_000), (entry_id, 1), (entry_id, 20)]
    assert (find(app, billed).acceptance.entry_id, find(app, billed).acceptance.amount) == (None, None)
    check_invariants(app)


def test_events_paid_in_two_transactions_name_the_entry_of_their_own(app: App, member: Member) -> None:
    events = [app.event(member, meter="credits", quantity=number) for number in range(1, 151)]
    app.record(*events)
    sums = Counter[str]()
    for event in events:
        accepted = find(app, event).acceptance
        sums[str(accepted.entry_id)] += accepted.amount or 0
    assert len(sums) == 2
    assert sums == dict(ledger(app))
    check_invariants(app)


def test_a_repeated_event_keeps_the_entry_that_paid_it(app: App, member: Member) -> None:
    event, other = (app.event(member, meter="credits", quantity=7) for _ in range(2))
    app.record(event)
    first = find(app, event)
    app.clock.advance(seconds=1)
    app.record(event, other)
    assert find(app, event) == first
    assert find(app, other).acceptance.entry_id != first.acceptance.entry_id
    check_invariants(app)


def test_free_wallet_usage_has_an_amount_of_zero_and_no_entry(app: App) -> None:
    meters = app.catalog_data()["meters"]
    free = [{"model": "per_unit", "unit_price": "0"}]
    app.apply_catalog(meters=meters | {"credits": meters["credits"] | {"prices": free}})
    app.forget_caches()
    event = app.event(app.member(), meter="credits", quantity=7)
    app.record(event)
    assert (find(app, event).acceptance.entry_id, find(app, event).acceptance.amount) == (None, 0)
    assert ledger(app) == []
