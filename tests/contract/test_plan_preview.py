"""POST account/subscription/preview: what a plan change would charge, credit and start."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from tallybook.domain.audit import actor_of
from tallybook.domain.errors import PaymentRequired
from tallybook.domain.invoices import Invoice
from tallybook.services.billing.mark_overdue import mark_overdue
from tallybook.services.identity.authenticate import authenticate
from tallybook.services.subscriptions.change_plan import change_plan
from tallybook.services.subscriptions.preview import preview_plan
from tallybook.services.wallet.credits import Move, give_credits
from tests.contract.bills import (
    APRIL,
    LESS_THAN_A_CENT,
    MAY,
    change_terms,
    close_periods,
    create_draft,
    create_member_in_zone,
    create_pro_member,
    exact,
    grant_credits,
    lines,
    refusal,
    use,
)
from tests.contract.plans import (
    PREVIEW,
    change_plan_to,
    create_payer,
    preview,
    request_plan,
    sell_yearly_plan,
    subscription,
)
from tests.support.app import App, Member

ELEVENTH = APRIL + timedelta(days=10)


@pytest.fixture
def pro(app: App) -> Member:
    """On a plan of 20 since 1 April, with a balance of 6."""
    member = create_pro_member(app)
    grant_credits(app, member, 5)
    return member


def test_a_preview_shows_the_charge_the_credit_and_the_new_period(app: App, pro: Member) -> None:
    change_terms(app, pro, discount=exact(25), tax_rate=exact(20))
    use(app, pro, "9.50", time=APRIL + timedelta(days=9))
    app.clock.moment = ELEVENTH
    body = preview(pro, "scale")
    invoice = body.pop("invoice")
    # 15.00 after the discount, 20 of 30 days of it unused; 14.50 with 20 % tax, 6.00 of it from the balance
    assert lines(invoice) == [("subscription", 20), ("discount", -5), ("credit", -10), ("usage", 9.5)]
    amounts = ("subtotal", "tax_amount", "total_amount", "amount_paid", "amount_due")
    assert [invoice[name] for name in amounts] == [14.5, 2.9, 17.4, 6, 11.4]
    assert (invoice["status"], invoice["issued_at"], invoice["due_date"]) == (
        "open",
        "2026-04-11T00:00:00Z",
        "2026-04-18T00:00:00Z",
    )
    assert (body.pop("account_id"), body.pop("subscription_id")) == (
        pro.subject,
        f"sub-{pro.account.subscription_id}",
    )
    assert body == {
        "change_id": None,
        "old_plan_name": "pro",
        "new_plan_name": "scale",
        "change_reason": "user_upgrade",
        "old_period_start": "2026-04-01T00:00:00Z",
        "old_period_end": "2026-04-10T00:00:00Z",
        "new_period_start": "2026-04-11T00:00:00Z",
        "new_period_end": "2026-05-10T00:00:00Z",
        "prorated_refund_amount": 10,
        "old_plan_price": 20,
        "new_plan_price": 200,
        "invoice_id": None,
        "changed_at": "2026-04-11T00:00:00Z",
        "currency": "USD",
        "new_subscription_fee": {"standard": 200, "credit": 50, "final": 150},
        "new_fee_invoiced_at": "2026-05-11T00:00:00Z",
        "payment_required": False,
        "payment_required_code": None,
    }


def test_a_yearly_fee_is_first_invoiced_in_a_year_a_free_plans_never(app: App) -> None:
    sell_yearly_plan(app)
    app.clock.moment = APRIL
    member = create_payer(app)
    app.clock.moment = ELEVENTH
    body = preview(member, "annual")
    assert body["new_subscription_fee"] == {"standard": 365, "credit": 0, "final": 365}
    assert (body["new_fee_invoiced_at"], body["new_period_end"]) == ("2027-04-11T00:00:00Z", "2026-05-10T00:00:00Z")
    change_plan_to(member, "pro")
    app.clock.advance(days=1)
    body = preview(member, "hobby")
    assert body["new_subscription_fee"] == {"standard": 0, "credit": 0, "final": 0}
    assert body["new_fee_invoiced_at"] is None


def test_a_missing_payment_is_shown_and_not_refused(app: App) -> None:
    member = app.member()
    use(app, member, "30", time=app.clock.now())
    body = preview(member, "pro")
    assert (body["payment_required"], body["payment_required_code"]) == (True, "payment_required")
    assert refusal(request_plan(member, "pro")) == (402, "payment_required")
    close_periods(app, at=app.clock.now() + timedelta(days=31))
    app.clock.advance(days=8)
    mark_overdue(app.ctx, member.account.id, 1)
    give_credits(app.ctx, app.platform(), Move(member.account.id, LESS_THAN_A_CENT, "grant", "change"))
    body = preview(member, "pro")
    assert (body["payment_required"], body["payment_required_code"]) == (True, "invoice_overdue")
    assert refusal(request_plan(member, "pro")) == (402, "invoice_overdue")


def test_a_preview_is_refused_for_every_other_reason_of_the_change(app: App, pro: Member) -> None:
    assert refusal(request_plan(pro, "hobby", path=PREVIEW)) == (409, "plan_change_in_progress")
    app.clock.moment = APRIL + timedelta(hours=1)
    assert refusal(request_plan(pro, "gold", path=PREVIEW)) == (400, "unknown_plan")
    assert refusal(request_plan(pro, "pro", path=PREVIEW)) == (400, "same_plan")
    assert refusal(request_plan(pro, None, path=PREVIEW)) == (400, "invalid_request")
    assert refusal(request_plan(app.colleague(pro), "gold", path=PREVIEW)) == (403, "root_user_required")
    app.change_account(pro, status="suspended")
    assert refusal(request_plan(pro, "scale", path=PREVIEW)) == (403, "account_suspended")


def on_the_first_day(app: App) -> Member:
    return create_payer(app, 5)


def a_moment_before_the_end(app: App) -> Member:
    member = create_pro_member(app)
    grant_credits(app, member, 30)
    use(app, member, "12.34", time=MAY - timedelta(seconds=0.001))
    return member


def at_the_very_end(app: App) -> Member:
    member = a_moment_before_the_end(app)
    app.clock.moment = MAY
    return member


def with_a_draft_late_usage_and_something_carried(app: App) -> Member:
    """Volume prices: the 100,001st unit makes all of them cheaper, by more than there is to pay."""
    meters = app.catalog_data()["meters"]
    cheaper = {"model": "volume", "tiers": [{"up_to": "100000", "unit_price": "0.001"}, {"unit_price": "0.0002"}]}
    meters["cpu_seconds"]["prices"] = [cheaper]
    sell_yearly_plan(app, meters=meters)
    app.clock.moment = APRIL
    member = create_payer(app)
    app.record(app.event(member, quantity=100_000))
    close_periods(app, at=MAY + timedelta(minutes=30))
    app.record(app.event(member, quantity=1, time=MAY - timedelta(hours=1)))
    app.clock.moment = MAY + timedelta(days=2)
    create_draft(member)
    return member


def with_two_months_that_nobody_closed(app: App) -> Member:
    """Late usage of April is billed in May and June; the balance pays for May and a part of June."""
    member = create_pro_member(app)
    grant_credits(app, member, 45)
    close_periods(app, at=MAY + timedelta(minutes=30))
    app.record(app.event(member, quantity=1_000_000, time=MAY - timedelta(days=1)))
    app.clock.moment = MAY + timedelta(days=33)
    app.record(app.event(member, quantity=500_000, time=MAY - timedelta(days=1)))
    app.record(app.event(member, quantity=500_000))
    app.clock.moment = datetime.fromisoformat("2026-07-03T12:00:00Z")
    return member


def far_away_after_a_suspension(app: App) -> Member:
    member = create_member_in_zone(app, "Asia/Kolkata", since=APRIL)
    app.change_account(member, suspended_ms={"2026-03-31T18:30:00.000Z": 7_654_321})
    app.clock.moment = APRIL + timedelta(days=17, seconds=1.234)
    return member


@pytest.mark.parametrize(
    "situation",
    [
        on_the_first_day,
        a_moment_before_the_end,
        at_the_very_end,
        with_a_draft_late_usage_and_something_carried,
        with_two_months_that_nobody_closed,
        far_away_after_a_suspension,
    ],
    ids=lambda situation: situation.__name__,
)
def test_the_change_does_what_the_preview_showed(app: App, situation: Callable[[App], Member]) -> None:
    member = situation(app)
    principal = authenticate(app.ctx, member.api_key)  # notes the hourly last_used_at
    plan = "scale" if principal.account.plan == "pro" else "pro"
    stored = app.stored("core"), app.stored("usage")
    before = preview_plan(app.ctx, principal, plan)
    assert (app.stored("core"), app.stored("usage")) == stored
    if before.missing is not None:
        with pytest.raises(PaymentRequired) as refused:
            change_plan(app.ctx, principal.account, plan, actor=actor_of(principal), must_pay=True)
        assert refused.value.code == before.missing.code
        assert (app.stored("core"), app.stored("usage")) == stored
    after = change_plan(app.ctx, principal.account, plan, actor=actor_of(principal), must_pay=before.missing is None)
    assert before.change == after.change
    assert _without_place(before.invoice) == _without_place(after.invoice)


def test_the_preview_and_the_changes_answer_agree(app: App, pro: Member) -> None:
    app.clock.moment = ELEVENTH
    before = preview(pro, "scale")
    after = change_plan_to(pro, "scale")["change"]
    ids = ("change_id", "invoice_id")
    assert all(before[name] == after[name] for name in after if name not in ids)
    assert (before["new_period_start"], before["new_period_end"]) == (
        subscription(pro)["current_period_start"],
        subscription(pro)["current_period_end"],
    )


def test_a_preview_takes_two_round_trips(app: App, pro: Member) -> None:
    app.clock.moment = ELEVENTH
    subscription(pro)
    app.meter.clear()
    preview(pro, "scale")
    assert app.meter.operations == ["get_many", "query"]


def _without_place(invoice: Invoice) -> Invoice:
    return replace(invoice, position=0, number=None)
