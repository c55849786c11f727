"""POST account/subscription: the plan changes at once, the ended period is invoiced, and a full month starts."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tallybook.services.billing.mark_overdue import mark_overdue
from tallybook.services.wallet.credits import Move, give_credits
from tests.contract.bills import (
    APRIL,
    INVOICES,
    LESS_THAN_A_CENT,
    MAY,
    close_periods,
    create_pro_member,
    get,
    grant_credits,
    invoice_by_id,
    lines,
    newest_invoice,
    refusal,
    use,
)
from tests.contract.plans import (
    SUBSCRIPTION,
    change_plan_to,
    create_payer,
    history,
    request_plan,
    sell_yearly_plan,
    subscription,
)
from tests.support.app import App, Member
from tests.support.call import call
from tests.support.invariants import check_invariants

MARCH = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def pro(app: App) -> Member:
    """On a plan of 20 since 1 April, with money to pay for others."""
    member = create_pro_member(app)
    grant_credits(app, member, 1000)
    return member


def test_the_documents_example_at_a_periods_very_start(app: App) -> None:
    app.clock.moment = MARCH
    member = create_payer(app)
    app.clock.moment = APRIL
    created = change_plan_to(member, "pro")["change"]
    ids = {name: created.pop(name) for name in ("change_id", "account_id", "subscription_id", "invoice_id")}
    assert created == {
        "old_plan_name": "hobby",
        "new_plan_name": "pro",
        "change_reason": "user_upgrade",
        "old_period_start": "2026-03-01T00:00:00Z",
        "old_period_end": "2026-03-31T00:00:00Z",
        "new_period_start": "2026-04-01T00:00:00Z",
        "new_period_end": "2026-04-30T00:00:00Z",
        "prorated_refund_amount": 0,
        "old_plan_price": 0,
        "new_plan_price": 20,
        "changed_at": "2026-04-01T00:00:00Z",
    }
    assert history(member) == [created | ids]
    assert ids["account_id"] == member.subject
    march = get(member, f"{INVOICES}/{ids['invoice_id']}").json["data"]
    assert (march["billing_period_start"], march["billing_period_end"]) == (
        "2026-03-01T00:00:00Z",
        "2026-03-31T00:00:00Z",
    )
    assert (march["total_amount"], march["status"], march["invoice_number"]) == (0, "paid", 1)
    check_invariants(app)


def test_a_change_at_a_periods_start_repins_the_opened_period(app: App) -> None:
    """A read, a draft and an event at that instant opened the period first; the old period's last second is billed."""
    app.clock.moment = MARCH
    member = create_payer(app)
    use(app, member, "7", time=APRIL - timedelta(seconds=1))
    app.clock.moment = APRIL
    assert subscription(member)["plan_name"] == "hobby"
    call("POST", "/v1/billing/invoice/generate", key=member.api_key)
    use(app, member, "3", time=APRIL)
    created = change_plan_to(member, "pro")
    assert lines(invoice_by_id(member, created["change"]["invoice_id"])) == [("usage", 7)]
    assert subscription(member) == created["subscription"]
    assert (created["subscription"]["plan_name"], created["subscription"]["plan"]["max_concurrent_sandboxes"]) == (
        "pro",
        50,
    )
    check_invariants(app)
    close_periods(app, at=MAY + timedelta(minutes=30))
    assert lines(newest_invoice(member)) == [("subscription", 20), ("usage", 3)]
    check_invariants(app)


def test_a_yearly_plan_left_at_a_months_end_is_charged_to_that_day(app: App) -> None:
    """1 April to 1 July is 91 of the year's 365 days: 365 minus 274."""
    sell_yearly_plan(app, free_plan="annual")
    app.clock.moment = APRIL
    member = create_payer(app)
    for month in (5, 6):
        close_periods(app, at=datetime(2026, month, 1, 1, tzinfo=UTC))
    app.clock.moment = datetime(2026, 7, 1, tzinfo=UTC)
    created = change_plan_to(member, "hobby")["change"]
    assert (created["old_period_start"], created["prorated_refund_amount"]) == ("2026-06-01T00:00:00Z", 274)
    assert lines(invoice_by_id(member, created["invoice_id"])) == [("subscription", 365), ("credit", -274)]
    check_invariants(app)


def test_the_answer_is_the_new_subscription_and_the_newest_change(app: App, pro: Member) -> None:
    app.clock.moment = APRIL + timedelta(days=10)
    created = change_plan_to(pro, "scale")
    assert created["subscription"] == subscription(pro)
    assert created["change"] == history(pro)[0]
    assert created["subscription"]["current_period_start"] == "2026-04-11T00:00:00Z"
    assert created["subscription"]["current_period_end"] == "2026-05-10T00:00:00Z"
    assert created["subscription"]["created_at"] == "2026-04-01T00:00:00Z"


def test_the_old_period_is_invoiced_at_once_with_a_credit_for_its_unused_part(app: App, pro: Member) -> None:
    """20 of 30 days are unused: 13.33 of 20.00."""
    use(app, pro, "9.50", time=APRIL + timedelta(days=9))
    app.clock.moment = APRIL + timedelta(days=10)
    created = change_plan_to(pro, "scale")["change"]
    assert (created["prorated_refund_amount"], created["change_reason"]) == (13.33, "user_upgrade")
    body = newest_invoice(pro)
    assert body["invoice_id"] == created["invoice_id"]
    assert lines(body) == [("subscription", 20), ("credit", -13.33), ("usage", 9.5)]
    assert (body["issued_at"], body["billing_period_end"]) == ("2026-04-11T00:00:00Z", "2026-04-10T00:00:00Z")
    assert (body["total_amount"], body["payment_method"]) == (16.17, "Balance")
    check_invariants(app)


def test_the_new_plans_limits_and_prices_apply_from_the_same_instant(app: App, pro: Member) -> None:
    app.clock.moment = APRIL + timedelta(days=10)
    change_plan_to(pro, "scale")
    body = subscription(pro)
    assert (body["plan_name"], body["plan"]["max_sandbox_timeout_seconds"]) == ("scale", 604_800)
    current = get(pro, "/v1/billing/current").json["data"]
    assert current["subscription_fee"] == {"plan_name": "Scale", "standard": 200, "credit": 0, "final": 200}
    app.record(app.event(pro, quantity=1_000_000))
    # 0.000012 a second there, 0.000014 before
    assert get(pro, "/v1/billing/current").json["data"]["current_cost"] == 12


def test_ended_periods_are_closed_first_each_at_its_own_end(app: App, pro: Member) -> None:
    use(app, pro, "1", time=APRIL)
    use(app, pro, "2", time=MAY + timedelta(minutes=10))
    app.clock.moment = MAY + timedelta(days=15, hours=12)
    created = change_plan_to(pro, "hobby")["change"]
    assert (created["change_reason"], created["prorated_refund_amount"]) == ("user_downgrade", 10)
    cut, april = call("GET", "/v1/billing/invoices", key=pro.api_key).json["data"]["invoices"]
    assert lines(april) == [("subscription", 20), ("usage", 1)]
    assert lines(cut) == [("subscription", 20), ("credit", -10), ("usage", 2)]
    assert (april["issued_at"], cut["issued_at"]) == ("2026-05-16T12:00:00Z", "2026-05-16T12:00:00Z")
    check_invariants(app)


def test_up_and_down_and_up_again_within_a_month_charges_each_for_its_days(app: App, pro: Member) -> None:
    for day, plan in ((5, "scale"), (8, "hobby"), (20, "pro")):
        app.clock.moment = APRIL + timedelta(days=day)
        change_plan_to(pro, plan)
    body = [
        (made["change_reason"], made["old_plan_price"], made["prorated_refund_amount"])
        for made in reversed(history(pro))
    ]
    # 25 of 30 days of 20; 27 of the 30 from 6 April of 200; nothing of a free plan
    assert body == [("user_upgrade", 20, 16.67), ("user_downgrade", 200, 180), ("user_upgrade", 0, 0)]
    ended = get(pro, INVOICES).json["data"]["invoices"]
    assert [invoice["total_amount"] for invoice in reversed(ended)] == [3.33, 20, 0]
    check_invariants(app)


def test_plans_of_equal_monthly_price_are_an_upgrade(app: App) -> None:
    """365 a year are a little over 30 a month."""
    sell_yearly_plan(app)
    app.clock.moment = APRIL
    member = create_payer(app)
    reasons = []
    for day, plan in ((1, "pro"), (2, "annual"), (3, "scale"), (4, "annual"), (5, "pro")):
        app.clock.moment = APRIL + timedelta(days=day)
        reasons.append(change_plan_to(member, plan)["change"]["change_reason"])
    assert reasons == ["user_upgrade"] * 3 + ["user_downgrade"] * 2


@pytest.mark.parametrize(
    ("plan", "code"), [("gold", "unknown_plan"), ("Pro", "unknown_plan"), ("", "unknown_plan"), ("pro", "same_plan")]
)
def test_an_unknown_an_unsold_or_the_current_plan_is_refused(app: App, pro: Member, plan: str, code: str) -> None:
    app.clock.moment = APRIL + timedelta(days=10)
    subscription(pro)  # the key's use of this hour is noted
    before = app.stored("core")
    assert refusal(request_plan(pro, plan)) == (400, code)
    assert app.stored("core") == before


@pytest.mark.parametrize("body", [None, {}, {"plan_name": None}, {"plan_name": 5}, {"plan_name": ["pro"]}, []])
def test_a_body_without_a_plans_name_is_refused(app: App, pro: Member, body: Any) -> None:
    assert refusal(call("POST", SUBSCRIPTION, key=pro.api_key, body=body)) == (400, "invalid_request")


def test_a_plan_with_a_price_needs_money_that_is_not_the_welcome_credit(app: App) -> None:
    member, key = app.member(), app.platform()
    assert refusal(request_plan(member, "pro")) == (402, "payment_required")
    give_credits(app.ctx, key, Move(member.account.id, 1, "grant", "a micro"))
    assert change_plan_to(member, "pro")["subscription"]["plan_name"] == "pro"


def test_a_used_up_balance_does_not_suffice(app: App) -> None:
    member = create_payer(app, 5)
    app.record(app.event(member, meter="credits", quantity=6_000_000))
    assert refusal(request_plan(member, "pro")) == (402, "payment_required")
    assert history_is_empty(member)


def test_a_free_plan_needs_no_balance(app: App) -> None:
    member = create_pro_member(app)
    app.clock.moment = APRIL + timedelta(days=10)
    assert change_plan_to(member, "hobby")["change"]["change_reason"] == "user_downgrade"


def test_an_overdue_invoice_blocks_a_dearer_plan_not_a_cheaper_one(app: App) -> None:
    sell_yearly_plan(app, free_plan="annual", welcome_credit=0)
    app.clock.moment = APRIL
    member = app.member()
    use(app, member, "50", time=APRIL + timedelta(days=1))
    close_periods(app, at=MAY + timedelta(minutes=30))
    app.clock.moment = MAY + timedelta(days=8)
    mark_overdue(app.ctx, member.account.id, 1)
    give_credits(app.ctx, app.platform(), Move(member.account.id, LESS_THAN_A_CENT, "grant", "change"))
    assert refusal(request_plan(member, "scale")) == (402, "invoice_overdue")
    assert change_plan_to(member, "pro")["change"]["change_reason"] == "user_downgrade"
    app.clock.advance(days=1)
    assert refusal(request_plan(member, "scale")) == (402, "invoice_overdue")
    assert change_plan_to(member, "hobby")["subscription"]["plan_name"] == "hobby"
    check_invariants(app)
    app.clock.advance(days=1)
    grant_credits(app, member, 500)
    assert change_plan_to(member, "scale")["change"]["change_reason"] == "user_upgrade"
    check_invariants(app)


def test_a_second_change_of_the_same_instant_is_in_progress(app: App, pro: Member) -> None:
    app.clock.moment = APRIL + timedelta(days=10)
    change_plan_to(pro, "scale")
    assert refusal(request_plan(pro, "hobby")) == (409, "plan_change_in_progress")
    app.clock.advance(seconds=0.001)
    assert change_plan_to(pro, "hobby")["change"]["prorated_refund_amount"] == 200


def test_a_suspended_account_keeps_its_plan(app: App, pro: Member) -> None:
    app.change_account(pro, status="suspended")
    assert refusal(request_plan(pro, "hobby")) == (403, "account_suspended")


def test_a_user_who_is_not_root_is_refused_first(app: App, pro: Member) -> None:
    plain = app.colleague(pro)
    for plan in ("scale", "pro", "gold"):
        assert refusal(request_plan(plain, plan)) == (403, "root_user_required")


def test_the_change_is_audited_with_its_actor(app: App, pro: Member) -> None:
    app.clock.moment = APRIL + timedelta(days=10)
    created = change_plan_to(pro, "scale")["change"]
    newest_two = call("GET", "/v1/user-management/audit-log?limit=2", key=pro.api_key).json["data"]["entries"]
    entry, issued = newest_two
    assert (entry["action"], entry["target_id"]) == ("subscription.changed", created["subscription_id"])
    assert entry["before"] == {"plan_name": "pro"}
    assert entry["after"] == {"plan_name": "scale", "invoice_id": created["invoice_id"], "refund": 13_330_000}
    assert entry["actor"]["user_id"] == issued["actor"]["user_id"] == pro.user_id
    assert issued["action"] == "invoice.issued"


def test_a_plan_change_takes_four_round_trips(app: App, pro: Member) -> None:
    app.clock.moment = APRIL + timedelta(days=10)
    subscription(pro)  # the key's use of this hour is noted, and the catalog's version known
    app.meter.clear()
    change_plan_to(pro, "scale")
    assert app.meter.operations == ["get_many", "query", "get_many", "transact"]


def history_is_empty(member: Member) -> bool:
    return bool(get(member, f"{SUBSCRIPTION}/history").json["data"]["history"] == [])
