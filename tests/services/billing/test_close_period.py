"""A period is closed once, half an hour after its end, and its invoice has all its lines."""

from datetime import timedelta

import pytest

from tallybook.domain.closing_cursor import GRACE
from tallybook.domain.invoices import Invoice
from tallybook.services.wallet.credits import Move, give_credits
from tests.support.app import App, Member
from tests.support.invariants import check_invariants
from tests.support.invoices import invoices

DOLLAR = 1_000_000


def close(app: App, member: Member) -> Invoice:
    """The invoice of the account's oldest open period, half an hour after its end."""
    start = app.account_of(member).closing_cursor.period.start
    app.clock.moment = app.account_of(member).closing_cursor.period.end + GRACE
    (issued,) = [one for one in app.invoice_due() if one.period.start == start]
    check_invariants(app)
    return issued


def lines(invoice: Invoice) -> list[tuple[str, int]]:
    return [(line.type, line.amount) for line in invoice.lines]


@pytest.fixture
def member(app: App) -> Member:
    """On a plan of 20.00 a month, with a balance of 1.00."""
    app.apply_catalog(free_plan="pro")
    return app.member()


def test_a_period_is_not_closed_until_half_an_hour_after_its_end(app: App, member: Member) -> None:
    end = member.account.closing_cursor.period.end
    app.clock.moment = end + GRACE - timedelta(milliseconds=1)
    assert app.invoice_due() == []
    app.clock.moment = end + GRACE
    (issued,) = app.invoice_due()
    assert (issued.issued_at, issued.number) == (end, 1)
    assert app.invoice_due() == []
    check_invariants(app)


def test_a_balance_pays_its_part_of_an_invoice_in_one_entry(app: App, member: Member) -> None:
    part = close(app, member)
    assert lines(part) == [("subscription", 20 * DOLLAR)]
    assert (part.status, part.paid_by_balance, part.amount_due) == ("open", DOLLAR, 19 * DOLLAR)
    assert app.account_of(member).wallet.balance == 0
    give_credits(app.ctx, app.platform(), Move(member.account.id, 50 * DOLLAR, "grant", "order 7"))
    whole = close(app, member)
    assert (whole.status, whole.payment_method, whole.amount_due) == ("paid", "Balance", 0)
    assert [one.status for one in invoices(app, member)] == ["paid", "paid"]
    assert app.account_of(member).wallet.balance == 11 * DOLLAR


def test_prices_are_those_of_the_catalog_that_the_period_pinned(app: App, member: Member) -> None:
    meters = app.catalog_data()["meters"]
    dearer = meters["cpu_seconds"] | {"prices": [{"model": "per_unit", "unit_price": "1"}]}
    app.apply_catalog(free_plan="pro", meters=meters | {"cpu_seconds": dearer}, tax_rate="10")
    app.record(app.event(member, quantity=1_000_000))
    assert lines(close(app, member)) == [("subscription", 20 * DOLLAR), ("usage", 14 * DOLLAR)]
    app.record(app.event(member, quantity=3))
    following = close(app, member)
    assert (following.sum_of("usage"), following.tax, following.total) == (3 * DOLLAR, 2_300_000, 25_300_000)


def test_late_usage_is_billed_by_its_own_periods_prices(app: App) -> None:
    """Graduated, 1.00 up to 5 and 2.00 above: 4 in time cost 4.00, 3 late ones add 5.00, one more 2.00."""
    tiers = [{"up_to": "5", "unit_price": "1"}, {"unit_price": "2"}]
    meter = {"resource_type": "sandbox", "unit": "unit", "settles": "invoice"}
    prices = [{"model": "graduated", "tiers": tiers}]
    app.apply_catalog(meters=app.catalog_data()["meters"] | {"steps": meter | {"prices": prices}})
    member = app.member()
    app.record(app.event(member, meter="steps", quantity=4))
    first = close(app, member)
    inside = first.period.end - timedelta(hours=1)
    app.record(app.event(member, meter="steps", quantity=3, time=inside), app.event(member, meter="steps", quantity=1))
    second = close(app, member)
    app.record(app.event(member, meter="steps", quantity=1, time=second.period.end - timedelta(days=1)))
    third = close(app, member)
    assert lines(first) == [("usage", 4 * DOLLAR)]
    assert lines(second) == [("usage", DOLLAR), ("late_usage", 5 * DOLLAR)]
    assert lines(third) == [("late_usage", DOLLAR)]
    assert second.lines[-1].description == "Late usage, 2026-04-20 to 2026-05-19"


def test_late_usage_that_makes_its_period_cheaper_is_credited(app: App) -> None:
    """Volume, 1.00 up to 5 and 0.10 above: 5 cost 5.00, a sixth makes it 0.60, so 4.40 and tax are carried."""
    tiers = [{"up_to": "5", "unit_price": "1"}, {"unit_price": "0.1"}]
    meter = {"resource_type": "sandbox", "unit": "unit", "settles": "invoice"}
    prices = [{"model": "volume", "tiers": tiers}]
    app.apply_catalog(
        meters=app.catalog_data()["meters"] | {"bulk": meter | {"prices": prices}}, tax_rate="20", welcome_credit=0
    )
    member = app.member()
    app.record(app.event(member, meter="bulk", quantity=5))
    first = close(app, member)
    app.record(app.event(member, meter="bulk", quantity=1, time=first.period.start))
    second = close(app, member)
    app.record(app.event(member, meter="bulk", quantity=2))
    third, fourth = close(app, member), close(app, member)
    assert (first.total, second.total, third.total, fourth.total) == (6 * DOLLAR, 0, 0, 0)
    assert lines(second) == [("late_usage", -4_400_000), ("carried", 5_280_000)]
    assert lines(third) == [("usage", 2 * DOLLAR), ("carried", -5_280_000), ("carried", 2_880_000)]
    assert lines(fourth) == [("carried", -2_880_000), ("carried", 2_880_000)]
    assert [one.status for one in (second, third, fourth)] == ["paid"] * 3


@pytest.mark.parametrize(
    ("terms", "usage", "tax", "paid"),
    [
        ({"currency": "JPY", "price": "2000"}, 14 * DOLLAR, 201 * DOLLAR, DOLLAR),
        ({"currency": "USD", "price": "20"}, 13_770_000, 3_380_000, 1_230_000),
        ({"currency": "KWD", "price": "20"}, 13_771_000, 3_377_000, 1_234_000),
    ],
)
def test_amounts_have_the_decimals_of_the_currency(
    empty_app: App, terms: dict[str, str], usage: int, tax: int, paid: int
) -> None:
    app, plans = empty_app, empty_app.catalog_data()["plans"]
    plans["pro"]["price"] = terms["price"]
    app.apply_catalog(currency=terms["currency"], plans=plans, free_plan="pro", tax_rate="10", welcome_credit=1_234_567)
    member = app.member()
    app.record(app.event(member, quantity=983_640))  # 13.77096
    issued = close(app, member)
    assert (issued.sum_of("usage"), issued.tax, issued.paid_by_balance) == (usage, tax, paid)
