"""A base fee counts in a budget from a period's start, without any usage."""

from collections.abc import Callable

import pytest

from tallybook.domain.audit import OPERATOR
from tallybook.domain.closing_cursor import GRACE
from tallybook.services.budgets.status import budget_status
from tallybook.services.subscriptions.change_plan import change_plan
from tests.support.app import App, Member
from tests.support.budgets import (
    alerted_percents,
    member_with_budget,
    root_principal,
    run_usage_check,
    thresholds,
)
from tests.support.invariants import check_invariants

DOLLAR = 1_000_000


@pytest.fixture
def owner(app: App) -> Member:
    """An account with a budget of 10.00, and base fees of 5.00 from its next period on."""
    owner = member_with_budget(app, 10, thresholds=thresholds(50, 100))
    tiers = [{"up_to": "10", "unit_price": "1", "flat_fee": "5"}, {"unit_price": "1"}]
    seats = {"resource_type": "app", "unit": "seat", "settles": "invoice"}
    meter = seats | {"prices": [{"model": "volume", "tiers": tiers}]}
    app.apply_catalog(meters=app.catalog_data()["meters"] | {"seats": meter})
    return owner


def close(app: App, owner: Member) -> None:
    app.clock.moment = app.account_of(owner).closing_cursor.period.end + GRACE
    app.invoice_due()


def change(app: App, owner: Member) -> None:
    change_plan(app.ctx, app.account_of(owner), "pro", actor=OPERATOR, must_pay=False)


@pytest.mark.parametrize("start_period", [close, change])
def test_a_base_fee_that_reaches_a_threshold_alerts_in_the_new_period(
    app: App, owner: Member, start_period: Callable[[App, Member], None]
) -> None:
    run_usage_check(app)
    app.clock.advance(days=2)
    assert alerted_percents(app, owner) == []
    start_period(app, owner)
    run_usage_check(app)
    assert alerted_percents(app, owner) == [50]
    check_invariants(app)


def test_each_period_alerts_again(app: App, owner: Member) -> None:
    for _ in range(2):
        close(app, owner)
        run_usage_check(app)
    assert alerted_percents(app, owner) == [50, 50]
    check_invariants(app)


def test_without_a_budget_a_base_fee_marks_nothing_to_check(app: App, owner: Member) -> None:
    other = app.member()
    close(app, other)
    assert [item["account_id"] for item in app.stored("core", "DIRTY")] == [owner.account.id]


def test_a_status_shows_the_base_fee_before_the_period_is_opened(app: App, owner: Member) -> None:
    app.clock.moment = owner.account.closing_cursor.period.end
    status = budget_status(app.ctx, root_principal(app, owner))
    assert status is not None
    assert status.spent.used == 5 * DOLLAR
