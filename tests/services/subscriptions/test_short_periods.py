"""Periods of minutes have their part of allowances, tiers and flat fees, so plan changes multiply none of them."""

from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from tallybook.domain.invoices import Invoice
from tests.services.subscriptions.plan_changes import DOLLAR, change_unpaid, invoices_of, midnight
from tests.support.app import App, Member
from tests.support.invariants import check_invariants

PART = Fraction(2, 30 * 24 * 60)
"""Two minutes of the 30 days from any instant of 20 April on."""


def member_of(app: App, price: dict[str, Any]) -> Member:
    """A member in the first second of a month of 30 days, whose CPU seconds have this price."""
    meter = {"resource_type": "sandbox", "unit": "TB", "settles": "invoice", "prices": [price]}
    app.apply_catalog(free_plan="pro", welcome_credit=0, meters=app.catalog_data()["meters"] | {"cpu_seconds": meter})
    app.clock.moment = midnight("2026-04-20")
    return app.member()


def use_and_change(app: App, member: Member, quantity: str, *, times: int) -> list[Invoice]:
    """Use the quantity and change the plan two minutes later, several times; returns the invoices of these periods."""
    for turn in range(times):
        (accepted,) = app.record(app.event(member, quantity=quantity))
        assert accepted.status == "accepted"
        app.clock.advance(minutes=2)
        change_unpaid(app, member, ["scale", "pro"][turn % 2])
    check_invariants(app)
    return invoices_of(app, member)


def usage(invoices: list[Invoice]) -> list[int]:
    return [invoice.sum_of("usage") for invoice in invoices]


def test_twenty_changes_in_an_hour_give_nobody_twenty_allowances(app: App) -> None:
    """1 TB free of 20: a period of two minutes has 0.000046297 TB, so 19.99907406 TB cost 999.953703, 50.00 each."""
    member = member_of(app, {"model": "per_unit", "unit_price": "50", "allowance": "1"})
    billed = usage(use_and_change(app, member, "1", times=20))
    free = Decimal("0.000046297")
    assert PART <= Fraction(free) < PART + Fraction(1, 10**9)
    exact = 20 * 50 * (1 - free)
    assert exact == Decimal("999.953703")
    assert billed == [50 * DOLLAR] * 20
    assert abs(sum(billed) - exact * DOLLAR) < 20 * DOLLAR // 200


def test_a_flat_price_is_charged_for_the_part_that_ran(app: App) -> None:
    """5.00 a month, used in four periods of two minutes: 0.00023 each."""
    member = member_of(app, {"model": "flat", "amount": "5"})
    assert usage(use_and_change(app, member, "1", times=4)) == [0, 0, 0, 0]


def test_a_flat_price_of_half_a_month_is_half_of_it(app: App) -> None:
    member = member_of(app, {"model": "flat", "amount": "5.01"})
    app.record(app.event(member))
    app.clock.advance(days=15)
    assert change_unpaid(app, member, "scale").invoice.sum_of("usage") == 2_510_000  # 2.505


@pytest.mark.parametrize("model", ["graduated", "volume"])
def test_the_flat_fees_of_tiers_are_charged_for_the_part_that_ran(app: App, model: str) -> None:
    """A tenth of the month has a tenth of each bound and of each fee."""
    tiers = [
        {"up_to": "10", "unit_price": "0", "flat_fee": "10"},
        {"up_to": "20", "unit_price": "0", "flat_fee": "200"},
        {"unit_price": "0", "flat_fee": "3000"},
    ]
    member = member_of(app, {"model": model, "tiers": tiers})
    app.record(app.event(member, quantity="1.000000001"))
    app.clock.advance(days=3)
    expected = {"graduated": 21 * DOLLAR, "volume": 20 * DOLLAR}
    assert change_unpaid(app, member, "scale").invoice.sum_of("usage") == expected[model]


def test_tiers_that_become_empty_charge_no_flat_fee(app: App) -> None:
    """The bounds 1 and 1.000000001 are both 0.000046297 after two minutes: nothing lies between them."""
    tiers = [
        {"up_to": "1", "unit_price": "0"},
        {"up_to": "1.000000001", "unit_price": "0", "flat_fee": "1000000"},
        {"unit_price": "0"},
    ]
    member = member_of(app, {"model": "graduated", "tiers": tiers})
    assert usage(use_and_change(app, member, "2", times=1)) == [0]


def test_late_usage_of_a_short_period_is_rated_for_its_part(app: App) -> None:
    member = member_of(app, {"model": "per_unit", "unit_price": "50", "allowance": "1"})
    began = app.clock.now()
    use_and_change(app, member, "0.5", times=1)
    app.record(app.event(member, quantity="0.5", time=began))
    app.clock.advance(minutes=2)
    assert change_unpaid(app, member, "pro").invoice.sum_of("late_usage") == 25 * DOLLAR
    check_invariants(app)
