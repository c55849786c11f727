"""The first tier's flat fee of a price without sku is a base fee: every period has it, used or not."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from tallybook.domain.audit import OPERATOR
from tallybook.domain.closing_cursor import GRACE
from tallybook.domain.history import range_of
from tallybook.domain.invoices import Invoice
from tallybook.domain.periods import period_of
from tallybook.services.billing.current_bill import read_current_bill
from tallybook.services.billing.draft_invoice import draft_invoice
from tallybook.services.billing.history import read_history
from tallybook.services.billing.invoices import list_invoices
from tallybook.services.budgets.spending import read_spending
from tallybook.services.identity.authenticate import authenticate
from tallybook.services.metering.sessions import end_session, start_session
from tallybook.services.subscriptions.change_plan import change_plan
from tallybook.services.subscriptions.preview import preview_plan
from tests.support.app import App, Member
from tests.support.invariants import check_invariants
from tests.support.sessions import refusal_reasons, session_request

DOLLAR = 1_000_000
BASE = 5 * DOLLAR


def tiered(fee: str, **more: Any) -> dict[str, Any]:
    tiers = [{"up_to": "10", "unit_price": "1", "flat_fee": fee}, {"unit_price": "0.5"}]
    return {"model": "graduated", "tiers": tiers} | more


def apply_prices(app: App, *prices: dict[str, Any], settles: str = "invoice") -> None:
    meter = {"resource_type": "app", "unit": "seat", "settles": settles, "prices": list(prices)}
    app.apply_catalog(meters=app.catalog_data()["meters"] | {"seats": meter})


@pytest.fixture
def member(app: App) -> Member:
    """An account in a month from 20 April whose catalog has a base fee of 5.00."""
    apply_prices(app, tiered("5"))
    app.clock.moment = app.clock.now().replace(hour=0, minute=0, second=0)
    return app.member()


def usage_details(invoice: Invoice) -> list[tuple[str, str | None, Decimal, int]]:
    return [(one.meter, one.sku, one.quantity, one.amount) for line in invoice.lines for one in line.details]


def amount_used(app: App, member: Member) -> int:
    account = app.account_of(member)
    spending, _ = read_spending(app.ctx, account, [period_of(account.schedule, app.clock.now())])
    return spending[0].used


def test_a_period_without_usage_has_the_base_fee(app: App, member: Member) -> None:
    app.clock.moment = member.account.closing_cursor.period.end + GRACE
    (invoice,) = app.invoice_due()
    assert usage_details(invoice) == [("seats", None, Decimal(0), BASE)]
    assert (invoice.total, invoice.period) == (BASE, member.account.closing_cursor.period)
    check_invariants(app)


def test_usage_is_added_to_the_base_fee(app: App, member: Member) -> None:
    app.record(app.event(member, meter="seats", quantity=12))
    app.clock.moment = member.account.closing_cursor.period.end + GRACE
    (invoice,) = app.invoice_due()
    assert usage_details(invoice) == [("seats", None, Decimal(12), BASE + 11 * DOLLAR)]


def test_a_budget_counts_the_base_fee_before_the_period_is_opened(app: App, member: Member) -> None:
    app.clock.moment = member.account.closing_cursor.period.end
    assert amount_used(app, member) == BASE
    assert read_current_bill(app.ctx, app.account_of(member)).bill.cost == BASE
    assert amount_used(app, member) == BASE


def test_admission_counts_the_base_fee_before_the_period_is_opened(app: App, member: Member) -> None:
    app.change_account(member, hard_limit=BASE)
    app.clock.moment = member.account.closing_cursor.period.end
    reasons = refusal_reasons(app, app.platform(), session_request(member))
    assert [reason.code for reason in reasons] == ["budget_restricted"]


def test_draft_preview_and_trend_have_the_base_fee_on_the_first_day(app: App, member: Member) -> None:
    app.clock.advance(days=15)
    principal = authenticate(app.ctx, member.api_key)
    bill = read_current_bill(app.ctx, app.account_of(member)).bill
    assert dict(bill.daily_trend)["2026-04-20"] == bill.cost == BASE
    assert draft_invoice(app.ctx, principal).sum_of("usage") == BASE
    assert preview_plan(app.ctx, principal, "scale").invoice.sum_of("usage") == BASE // 2
    check_invariants(app)


def test_a_plan_change_charges_the_base_fee_for_the_part_that_ran(app: App, member: Member) -> None:
    app.clock.advance(days=15)
    cut = change_plan(app.ctx, app.account_of(member), "pro", actor=OPERATOR, must_pay=False)
    assert cut.invoice.sum_of("usage") == BASE // 2
    assert read_current_bill(app.ctx, app.account_of(member)).bill.cost == BASE
    check_invariants(app)


def test_late_usage_does_not_bill_the_base_fee_again(app: App, member: Member) -> None:
    began = app.clock.now()
    app.clock.moment = member.account.closing_cursor.period.end + GRACE
    app.invoice_due()
    app.record(app.event(member, meter="seats", quantity=3, time=began))
    app.clock.moment = app.account_of(member).closing_cursor.period.end + GRACE
    app.invoice_due()
    late = list_invoices(app.ctx, app.account_of(member), offset=0, limit=1)[0]
    assert (late.sum_of("late_usage"), late.sum_of("usage")) == (3 * DOLLAR, BASE)
    check_invariants(app)


@pytest.mark.parametrize("is_closed", [False, True])
def test_history_has_the_base_fee_on_the_first_day_and_in_no_session(app: App, member: Member, is_closed: bool) -> None:
    key = app.platform()
    session = start_session(app.ctx, key, session_request(member))
    app.clock.advance(minutes=1)
    end_session(app.ctx, key, session.id)
    if is_closed:
        app.clock.moment = member.account.closing_cursor.period.end + GRACE
        app.invoice_due()
    period = member.account.closing_cursor.period
    days = range_of(period.start, period.end - timedelta(seconds=1), now=app.clock.now())
    history = read_history(app.ctx, app.account_of(member), days)
    assert [(one.session.id, one.cost) for one in history.sessions] == [(session.id, 0)]
    assert (history.total, dict(history.daily_costs)["2026-04-20"]) == (BASE, BASE)
    assert [(share.resource_type, share.cost) for share in history.breakdown] == [("app", BASE)]


def test_only_the_plans_own_price_has_its_base_fee(app: App) -> None:
    apply_prices(app, tiered("5"), tiered("7", plans=["pro"]), tiered("9", sku="large"))
    app.clock.moment = datetime.fromisoformat("2026-04-20T00:00Z")
    member = app.member()
    assert amount_used(app, member) == BASE
    app.clock.advance(days=30)
    change_plan(app.ctx, app.account_of(member), "pro", actor=OPERATOR, must_pay=False)
    assert amount_used(app, member) == 7 * DOLLAR


def test_a_skus_first_fee_is_charged_only_if_it_was_used(app: App) -> None:
    apply_prices(app, tiered("9", sku="large"), tiered("4", sku="small"))
    member = app.member()
    assert amount_used(app, member) == 0
    app.record(app.event(member, meter="seats", sku="small", quantity=1))
    assert amount_used(app, member) == 5 * DOLLAR


def test_a_base_fee_of_the_former_plan_alone_is_not_charged(app: App) -> None:
    """An event opens the period with the old plan at the instant at which the new plan begins."""
    apply_prices(app, tiered("5", plans=["pro"]))
    member = app.member()
    change_plan(app.ctx, app.account_of(member), "pro", actor=OPERATOR, must_pay=False)
    app.clock.moment = app.account_of(member).closing_cursor.period.end
    app.record(app.event(member))
    change_plan(app.ctx, app.account_of(member), "hobby", actor=OPERATOR, must_pay=False)
    app.clock.moment = app.account_of(member).closing_cursor.period.end + GRACE
    app.invoice_due()
    invoice = list_invoices(app.ctx, app.account_of(member), offset=0, limit=1)[0]
    assert (invoice.plan, usage_details(invoice)) == ("hobby", [])
    check_invariants(app)
