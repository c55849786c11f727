"""After a change of plan, what was used ahead of time counts as used of the account's monthly limits."""

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from tallybook.domain.admission import Reason
from tallybook.domain.audit import OPERATOR
from tallybook.services.billing.current_bill import read_current_bill
from tallybook.services.identity.authenticate import authenticate
from tallybook.services.metering.sessions import admission
from tallybook.services.quotas.user_quota import read_own_quota
from tallybook.services.subscriptions.change_plan import change_plan
from tallybook.services.subscriptions.subscription import read_subscription
from tallybook.store import keys
from tallybook.store.commands import Update
from tests.support.allocations import allocate_to
from tests.support.app import App, Member
from tests.support.invariants import check_invariants
from tests.support.sessions import refusal_reasons, session_request

CPU = "cpu_seconds_monthly"


@pytest.fixture
def member(app: App) -> Member:
    """On pro, which gives 100 CPU seconds a month, as hobby does; scale has no limit. A month of 30 days begins."""
    limit(app, hobby=100, pro=100)
    app.clock.moment = datetime.fromisoformat("2026-04-01T00:00:00Z")
    return app.member()


def limit(app: App, **plans: int) -> None:
    known = app.catalog_data()["plans"]
    for name, amount in plans.items():
        known[name]["limits"] |= {CPU: amount}
    app.apply_catalog(plans=known, free_plan="pro")


def use(app: App, member: Member, quantity: object, **more: Any) -> None:
    assert {result.status for result in app.record(app.event(member, quantity=quantity, **more))} == {"accepted"}


def change(app: App, member: Member, plan: str) -> None:
    changed = change_plan(app.ctx, app.account_of(member), plan, actor=OPERATOR, must_pay=False)
    stored = read_subscription(app.ctx, app.account_of(member)).opened
    assert (changed.opened.ahead, changed.opened.carried_use) == (stored.ahead, stored.carried_use)


def used(app: App, member: Member) -> Decimal | None:
    """What the refusal of a session reports; None if the account may start one."""
    request, key = session_request(member), app.platform()
    if not admission(app.ctx, key, request):
        return None
    (reason,) = refusal_reasons(app, key, request)
    assert reason == Reason(f"account_{CPU}", 100, reason.current)
    return Decimal(reason.current or 0)


def test_three_changes_in_a_row_give_no_second_helping(app: App, member: Member) -> None:
    """All is used after 3 of 30 days: 90 are carried, and 10 are admitted; a minute of the next month is 0.0023."""
    use(app, member, 100)
    app.clock.advance(days=3)
    assert used(app, member) == 100
    change(app, member, "hobby")
    assert used(app, member) is None
    use(app, member, 10)
    assert used(app, member) == 100
    for plan in ("pro", "hobby", "pro"):
        app.clock.advance(minutes=1)
        change(app, member, plan)
        use(app, member, "0.01")
        assert used(app, member) is not None
    check_invariants(app)


def test_a_plan_without_the_limit_between_does_not_wash_it_off(app: App, member: Member) -> None:
    use(app, member, 100)
    app.clock.advance(days=3)
    for plan, more in (("scale", 500), ("hobby", "10.01")):
        change(app, member, plan)
        assert used(app, member) is None
        use(app, member, more)
        app.clock.advance(seconds=1)
    assert 100 < (used(app, member) or 0) < Decimal("100.01")
    check_invariants(app)


def test_at_a_periods_end_nothing_is_carried_also_into_an_opened_period(app: App, member: Member) -> None:
    use(app, member, 100)
    app.clock.moment = member.account.closing_cursor.period.end
    use(app, member, 1)
    change(app, member, "hobby")
    assert used(app, member) is None
    use(app, member, 99)
    assert used(app, member) == 100
    check_invariants(app)


def test_an_opened_period_that_is_pinned_again_takes_what_was_over(app: App, member: Member) -> None:
    use(app, member, 150)
    app.clock.moment = member.account.closing_cursor.period.end
    use(app, member, 60)
    assert used(app, member) is None
    change(app, member, "hobby")
    assert used(app, member) == 110
    check_invariants(app)


def test_a_closed_month_begins_with_nothing_used(app: App, member: Member) -> None:
    use(app, member, 100)
    app.clock.advance(days=3)
    change(app, member, "hobby")
    use(app, member, 10)
    app.clock.moment = app.account_of(member).closing_cursor.period.end + timedelta(hours=1)
    app.invoice_due()
    assert used(app, member) is None
    use(app, member, 99)
    assert used(app, member) is None
    check_invariants(app)


def test_carried_use_costs_nothing_and_is_no_users_use(app: App, member: Member) -> None:
    allocate_to(app, member, member, cpu_seconds_monthly=50)
    use(app, member, 100, user_id=member.user_id)
    app.clock.advance(days=3)
    change(app, member, "hobby")
    quota = read_own_quota(app.ctx, authenticate(app.ctx, member.api_key))
    assert [one.used for one in quota.uses if one.field == CPU] == [0]
    assert read_current_bill(app.ctx, app.account_of(member)).bill.cost == 0
    assert used(app, member) is None


@pytest.mark.parametrize("shards", [1, 3])
def test_use_of_all_shards_is_carried(app: App, shards: int) -> None:
    app.reshape(usage_shards=shards)
    limit(app, hobby=100, pro=100)
    app.clock.moment = datetime.fromisoformat("2026-04-01T00:00:00Z")
    member = app.member()
    for _ in range(10):
        use(app, member, 10)
    app.clock.advance(days=3)
    change(app, member, "hobby")
    use(app, member, 10)
    assert used(app, member) == 100
    check_invariants(app)


def test_late_usage_of_the_ended_period_counts_as_if_it_had_been_in_time(app: App, member: Member) -> None:
    """Two events, of 60 and of 70 seconds, arrive after the change: 60 + 70 + 10 - 10 = 130."""
    use(app, member, 10)
    app.clock.advance(days=3)
    before = app.clock.now() - timedelta(minutes=1)
    change(app, member, "hobby")
    use(app, member, 60, time=before)
    assert used(app, member) is None
    use(app, member, 70, time=before)
    use(app, member, 5, meter="ram_gb_seconds", time=before)
    assert used(app, member) == 130
    check_invariants(app)


def test_late_usage_fills_what_was_not_used_before_it_counts(app: App, member: Member) -> None:
    """Half of the month ran with nothing used: the first 50 late seconds were its own."""
    app.clock.advance(days=15)
    before = app.clock.now() - timedelta(minutes=1)
    change(app, member, "hobby")
    use(app, member, 50, time=before)
    use(app, member, 99)
    assert used(app, member) is None
    use(app, member, 2, time=before)
    assert used(app, member) == 101
    check_invariants(app)


def test_late_usage_of_an_earlier_or_unlimited_period_is_not_carried(app: App, member: Member) -> None:
    app.clock.advance(days=3)
    first = app.clock.now() - timedelta(minutes=1)
    change(app, member, "scale")
    app.clock.advance(days=3)
    second = app.clock.now() - timedelta(minutes=1)
    change(app, member, "hobby")
    use(app, member, 500, time=first)
    use(app, member, 500, time=second)
    assert used(app, member) is None
    check_invariants(app)


def forget_carried(app: App) -> None:
    """The period keys as the code stored them that carried nothing."""
    for item in app.stored("usage", "period#"):
        added = tuple(name for name in item if name.startswith("ahead:") or name == "carries")
        app.ctx.tables.write(Update(keys.Key("usage", item["pk"], item["sk"]), remove=added))


def test_periods_stored_before_carry_nothing_and_take_late_usage(app: App, member: Member) -> None:
    use(app, member, 100)
    app.clock.advance(days=3)
    before = app.clock.now() - timedelta(minutes=1)
    change(app, member, "hobby")
    forget_carried(app)
    use(app, member, 500, time=before)
    assert used(app, member) is None
    use(app, member, 100)
    assert used(app, member) == 100
    app.clock.advance(days=3)
    change(app, member, "pro")
    use(app, member, 10)
    assert used(app, member) == 100


@pytest.mark.parametrize("when", ["Query", "TransactWriteItems"])
def test_usage_during_the_change_is_carried_too(app: App, member: Member, when: str) -> None:
    """The usage is counted in the old period, or late: with either, all of it is used in the new one."""
    app.clock.advance(days=3)
    overtake(app, when, lambda: use(app, member, 110))
    change(app, member, "hobby")
    assert used(app, member) == 100
    check_invariants(app)


def overtake(app: App, when: str, call: Callable[[], Any]) -> None:
    """Make the call before the next request of this kind."""
    events, name = app.client.meta.events, f"provide-client-params.dynamodb.{when}"

    def run(**_: Any) -> None:
        events.unregister(name, run)
        call()

    events.register(name, run)
