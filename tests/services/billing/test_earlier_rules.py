"""Late usage of a period that an earlier release closed by other rules: the next invoice bills the usage alone.

The bill that was issued stands, as it was right by the rules of its time.
"""

from datetime import timedelta
from typing import Any

import pytest

from tallybook.domain.accounts import Account
from tallybook.domain.invoices import Invoice
from tallybook.domain.periods import Period
from tallybook.domain.rating import RATING_RULES
from tallybook.services.billing.void_invoice import reissue_invoice, void_invoice
from tallybook.store import keys
from tallybook.store.commands import Delete
from tallybook.store.periods import period_key
from tests.support.app import App, Member
from tests.support.broken_items import break_item
from tests.support.invoices import apply_volume_price, close

CENT = 10_000


@pytest.fixture
def member(app: App) -> Member:
    """An account whose catalog has a base fee of 5.00, and 1.00 for each seat."""
    tiers = [{"up_to": "10", "unit_price": "1", "flat_fee": "5"}, {"unit_price": "0.5"}]
    price = {"model": "graduated", "tiers": tiers}
    meter = {"resource_type": "app", "unit": "seat", "settles": "invoice", "prices": [price]}
    app.apply_catalog(meters=app.catalog_data()["meters"] | {"seats": meter})
    return app.member()


def close_as_before(app: App, member: Member, *, billed: int) -> Period:
    """Close a period as by rules that billed this amount: what is stored of it is as an earlier release left it."""
    period: Period = app.account_of(member).closing_cursor.period
    close(app, member)
    account: Account = app.account_of(member)

    def change(item: dict[str, Any]) -> None:
        item.pop("rules", None)
        item["billed"] = billed

    break_item(app, period_key(account.id, period), change)
    costs = keys.costs(account.id, period.start)
    if billed:
        break_item(app, costs, lambda item: item["lines"][0].__setitem__(4, billed // CENT))
    else:
        app.ctx.tables.write(Delete(costs))
    return period


def send_seats(app: App, member: Member, quantity: int, *, of: Period) -> None:
    (result,) = app.record(app.event(member, meter="seats", quantity=quantity, time=of.end - timedelta(days=1)))
    assert result.status == "accepted"


def late_amount(app: App, member: Member, of: Period) -> int:
    """What the next invoice bills for the closed period."""
    cursor = app.account_of(member).closing_cursor
    app.clock.moment = cursor.closes_at
    (issued,) = [one for one in app.invoice_due() if one.period == cursor.period]
    return sum(line.amount for line in issued.lines if line.period_start == of.start)


def test_a_base_fee_that_the_earlier_rules_did_not_know_is_not_charged_late(app: App, member: Member) -> None:
    april = close_as_before(app, member, billed=0)
    send_seats(app, member, 2, of=april)
    assert late_amount(app, member, april) == 200 * CENT


def test_what_the_earlier_rules_charged_more_is_not_credited(app: App, member: Member) -> None:
    app.record(app.event(member, meter="seats", quantity=1))
    april = close_as_before(app, member, billed=700 * CENT)
    send_seats(app, member, 2, of=april)
    assert late_amount(app, member, april) == 200 * CENT


def test_later_usage_of_the_same_period_is_billed_once(app: App, member: Member) -> None:
    april = close_as_before(app, member, billed=0)
    send_seats(app, member, 2, of=april)
    assert late_amount(app, member, april) == 200 * CENT
    send_seats(app, member, 3, of=april)
    assert late_amount(app, member, april) == 300 * CENT


def test_a_period_that_this_release_closes_names_its_rules(app: App, member: Member) -> None:
    april = app.account_of(member).closing_cursor.period
    close(app, member)
    item = app.ctx.tables.get(period_key(member.account.id, april))
    assert item is not None
    assert item["rules"] == RATING_RULES


def test_late_usage_of_a_period_with_these_rules_reads_no_costs(app: App, member: Member) -> None:
    april = app.account_of(member).closing_cursor.period
    close(app, member)
    app.ctx.tables.write(Delete(keys.costs(member.account.id, april.start)))
    send_seats(app, member, 2, of=april)
    assert late_amount(app, member, april) == 200 * CENT


def void_as_before(app: App, member: Member, period: Period, invoice: Invoice) -> None:
    """Void an invoice as an earlier release did, without a mark in its period or in its account."""
    void_invoice(app.ctx, invoice.id, reason="a test")
    break_item(app, keys.account(member.account.id), lambda item: item.pop("corrections"))
    break_item(app, period_key(member.account.id, period), lambda item: item.pop("rules"))


@pytest.fixture
def bulk(app: App) -> Member:
    """A member with 100 units for 100.00; 101 cost 10.10."""
    apply_volume_price(app)
    member = app.member()
    app.record(app.event(member, meter="bulk", quantity=100))
    return member


def test_an_invoice_that_an_earlier_release_voided_is_not_credited(app: App, bulk: Member) -> None:
    april = app.account_of(bulk).closing_cursor.period
    void_as_before(app, bulk, april, close(app, bulk))
    app.record(app.event(bulk, meter="bulk", quantity=1, time=april.end - timedelta(days=1)))
    assert late_amount(app, bulk, april) == 0


def test_one_that_it_voided_and_that_is_reissued_is_credited(app: App, bulk: Member) -> None:
    april = app.account_of(bulk).closing_cursor.period
    invoice = close(app, bulk)
    void_as_before(app, bulk, april, invoice)
    reissue_invoice(app.ctx, invoice.id)
    app.record(app.event(bulk, meter="bulk", quantity=1, time=april.end - timedelta(days=1)))
    assert late_amount(app, bulk, april) == 1010 * CENT - 10_000 * CENT
