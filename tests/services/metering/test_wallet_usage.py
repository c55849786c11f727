"""The wallet pays events when they are counted, and each marker names the ledger entry that paid it."""

import pytest

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
    assert {answer.reason for answer in answers[1:]} == {"quantity costs more than 10^15 credits"}
    check_invariants(app)
