"""A yearly fee has the price and the discount with which its year began, on each invoice, estimate and refund."""

from datetime import timedelta
from decimal import Decimal

import pytest

from tallybook.domain.accounts import FeeTerms
from tallybook.domain.audit import OPERATOR
from tallybook.domain.periods import boundary
from tallybook.services.accounts.profile import change_account
from tallybook.services.billing.current_bill import read_current_bill
from tallybook.services.billing.draft_invoice import draft_invoice
from tallybook.services.billing.void_invoice import reissue_invoice, void_invoice
from tallybook.services.identity.authenticate import authenticate
from tallybook.services.subscriptions.change_plan import change_plan
from tallybook.services.subscriptions.preview import preview_plan
from tallybook.services.subscriptions.subscription import read_subscription
from tallybook.store import keys
from tallybook.store.commands import Update
from tests.services.billing.yearly import (
    DOLLAR,
    START,
    fee_lines_of,
    invoices_of,
    pass_months,
    sell_annual,
    set_discount,
    subscribe,
)
from tests.support.app import App, Member
from tests.support.invariants import check_invariants


@pytest.fixture
def member(app: App) -> Member:
    """On a yearly plan of 120; the catalog says 240 from the sixth month on."""
    member = subscribe(app)
    pass_months(app, member, 5)
    sell_annual(app, "240")
    return member


def store_as_before(app: App, member: Member) -> None:
    """The items as the code wrote them that did not store the year of a yearly plan."""
    app.ctx.tables.write(Update(keys.account(member.account.id), remove=("fee_year",)))
    for item in app.stored("usage", "period#"):
        app.ctx.tables.write(Update(keys.Key("usage", item["pk"], item["sk"]), remove=("discount",)))


@pytest.mark.parametrize("old", [False, True], ids=["stored now", "stored before"])
def test_the_twelfth_invoice_has_the_price_of_the_years_start(app: App, member: Member, *, old: bool) -> None:
    if old:
        store_as_before(app, member)
    pass_months(app, member, 12)
    assert [fee_lines_of(one) for one in invoices_of(app, member)] == [[]] * 11 + [[("subscription", 120)]]
    pass_months(app, member, 24)
    assert fee_lines_of(invoices_of(app, member)[-1]) == [("subscription", 240)]
    check_invariants(app)


@pytest.mark.parametrize("old", [False, True], ids=["stored now", "stored before"])
def test_current_draft_and_preview_have_the_same_price(app: App, member: Member, *, old: bool) -> None:
    pass_months(app, member, 11)
    if old:
        store_as_before(app, member)
    app.clock.advance(days=10)
    principal = authenticate(app.ctx, member.api_key)
    assert read_current_bill(app.ctx, principal.account).fee.standard == 120 * DOLLAR
    assert draft_invoice(app.ctx, principal).sum_of("subscription") == 120 * DOLLAR
    preview = preview_plan(app.ctx, principal, "hobby")
    assert (preview.invoice.sum_of("subscription"), preview.change.old_price) == (120 * DOLLAR, 120 * DOLLAR)
    assert preview_plan(app.ctx, principal, "pro").change.reason == "user_upgrade"  # 20 a month after 10 a month


def test_a_subscription_shows_the_price_of_its_year(app: App, member: Member) -> None:
    assert read_subscription(app.ctx, app.account_of(member)).plan.price == 120 * DOLLAR
    pass_months(app, member, 12)
    assert read_subscription(app.ctx, app.account_of(member)).plan.price == 240 * DOLLAR


@pytest.mark.parametrize("old", [False, True], ids=["stored now", "stored before"])
def test_a_refund_is_a_part_of_the_price_of_the_years_start(app: App, member: Member, *, old: bool) -> None:
    """The 219th day of 365 ends: 146 days are unused."""
    app.clock.moment = START + timedelta(days=219)
    if old:
        store_as_before(app, member)
    changed = change_plan(app.ctx, app.account_of(member), "hobby", actor=OPERATOR, must_pay=False)
    assert fee_lines_of(changed.invoice) == [("subscription", 120), ("credit", -48)]
    assert (changed.change.refund, changed.change.old_price) == (48 * DOLLAR, 120 * DOLLAR)
    assert app.account_of(member).fee_year is changed.account.fee_year is None
    check_invariants(app)


def test_a_discount_counts_as_it_was_when_the_year_began(app: App, member: Member) -> None:
    set_discount(app, member, "25")
    pass_months(app, member, 12)
    assert fee_lines_of(invoices_of(app, member)[-1]) == [("subscription", 120)]
    set_discount(app, member, "0")
    pass_months(app, member, 24)
    last = invoices_of(app, member)[-1]
    assert fee_lines_of(last) == [("subscription", 240), ("discount", -60)]
    assert last.lines[1].description == "Discount of 25 %"
    check_invariants(app)


def test_a_reissue_has_the_years_price_and_the_current_discount(app: App, member: Member) -> None:
    pass_months(app, member, 12)
    set_discount(app, member, "50")
    twelfth = invoices_of(app, member)[-1]
    void_invoice(app.ctx, twelfth.id, reason="as asked")
    assert fee_lines_of(reissue_invoice(app.ctx, twelfth.id)) == [("subscription", 120), ("discount", -60)]
    check_invariants(app)


def test_a_change_to_a_yearly_plan_begins_a_year_at_its_price(app: App, member: Member) -> None:
    app.clock.advance(days=3)
    change_plan(app.ctx, app.account_of(member), "hobby", actor=OPERATOR, must_pay=False)
    set_discount(app, member, "10")
    app.clock.advance(days=3)
    changed = change_plan(app.ctx, app.account_of(member), "annual", actor=OPERATOR, must_pay=False)
    terms = FeeTerms(app.clock.now(), 240 * DOLLAR, Decimal(10))
    assert app.account_of(member).fee_year == changed.account.fee_year == terms
    sell_annual(app, "300")
    set_discount(app, member, "0")
    pass_months(app, member, 12)
    assert fee_lines_of(invoices_of(app, member)[-1]) == [("subscription", 240), ("discount", -24)]
    check_invariants(app)


def test_a_year_opened_by_an_event_has_the_terms_of_that_instant(app: App, member: Member) -> None:
    """Price and discount change after the year began, before the month before it is closed."""
    set_discount(app, member, "5")
    pass_months(app, member, 11)
    app.clock.moment = boundary(app.account_of(member).schedule, 12)
    app.record(app.event(member, quantity=1))
    app.clock.advance(minutes=5)
    sell_annual(app, "999")
    set_discount(app, member, "50")
    year = FeeTerms(boundary(member.account.schedule, 12), 240 * DOLLAR, Decimal(5))
    principal = authenticate(app.ctx, member.api_key)
    assert preview_plan(app.ctx, principal, "hobby").change.old_price == year.price
    app.clock.advance(minutes=30)
    app.invoice_due()
    assert app.account_of(member).fee_year == year
    pass_months(app, member, 24)
    assert fee_lines_of(invoices_of(app, member)[-1]) == [("subscription", 240), ("discount", -12)]
    check_invariants(app)


def test_months_that_a_preview_closes_end_and_begin_years(app: App, member: Member) -> None:
    """Nothing was closed for more than a year: the preview agrees with the change, which closes the months."""
    app.clock.moment = boundary(member.account.schedule, 14) + timedelta(days=3)
    principal = authenticate(app.ctx, member.api_key)
    preview = preview_plan(app.ctx, principal, "hobby")
    assert preview.change.old_price == 240 * DOLLAR
    changed = change_plan(app.ctx, app.account_of(member), "hobby", actor=OPERATOR, must_pay=False)
    assert (changed.change.refund, changed.invoice.total) == (preview.change.refund, preview.invoice.total)
    assert fee_lines_of(invoices_of(app, member)[11]) == [("subscription", 120)]
    check_invariants(app)


def test_only_an_account_without_its_year_reads_the_years_first_period(app: App, member: Member) -> None:
    pass_months(app, member, 11)
    app.clock.advance(hours=1)
    account = app.account_of(member)
    read_current_bill(app.ctx, account)
    app.meter.clear()
    read_current_bill(app.ctx, account)
    assert app.meter.operations == ["query"]
    store_as_before(app, member)
    app.meter.clear()
    read_current_bill(app.ctx, app.account_of(member))
    assert app.meter.operations == ["get", "query", "get"]


def test_a_year_that_was_not_stored_is_noted_before_its_schedule_is_dropped(app: App, member: Member) -> None:
    """Three changes of zone leave no schedule in which the year began."""
    store_as_before(app, member)
    for months, zone in ((6, "America/New_York"), (8, "Asia/Kolkata"), (10, "Europe/Berlin")):
        pass_months(app, member, months)
        change_account(app.ctx, authenticate(app.ctx, member.api_key), {"time_zone": zone})
    pass_months(app, member, 12)
    assert fee_lines_of(invoices_of(app, member)[-1]) == [("subscription", 120)]
