"""Budgets at the ends of periods: late alerts of the ended period, and a fresh start in the next."""

from datetime import UTC, datetime, timedelta

import pytest

from tallybook.domain.audit import OPERATOR
from tallybook.services.accounts.profile import change_account
from tallybook.services.subscriptions.change_plan import change_plan
from tests.support.app import App, Member
from tests.support.budgets import (
    alerted_percents,
    budget_actions,
    check_from_stream,
    due_kinds,
    edit_budget,
    end_of_period,
    messages_of,
    root_principal,
    run_usage_check,
    set_up_budget,
    spend,
    thresholds,
)
from tests.support.invariants import check_invariants

TICK = timedelta(milliseconds=1)


def test_a_restriction_is_announced_and_lifted_at_the_periods_end(app: App, owner: Member) -> None:
    set_up_budget(app, owner, limit_type="hard")
    spend(app, owner, 100)
    assert run_usage_check(app) == ["alerted"] * 3
    end = end_of_period(app, owner)
    app.clock.moment = end - TICK
    assert due_kinds(app) == []
    app.clock.moment = end
    assert due_kinds(app) == ["budget"]
    assert run_usage_check(app) == []
    assert due_kinds(app) == []
    assert budget_actions(app, owner) == ["created", "threshold_reached", "restricted", "restriction_lifted"]
    (lifted,) = app.deliver().events_named("BudgetRestrictionLifted")
    assert lifted["data"]["used"] == 0
    check_invariants(app)


def test_a_restriction_in_two_successive_periods_is_announced_once(app: App, owner: Member) -> None:
    set_up_budget(app, owner, limit_type="hard")
    spend(app, owner, 100)
    run_usage_check(app)
    app.clock.moment = end_of_period(app, owner)
    spend(app, owner, 100)
    assert run_usage_check(app) == ["alerted"] * 3
    assert budget_actions(app, owner) == ["created", "threshold_reached", "restricted", "threshold_reached"]
    check_invariants(app)


def test_usage_unchecked_at_the_periods_end_alerts_for_it_once(app: App, owner: Member) -> None:
    set_up_budget(app, owner)
    end = end_of_period(app, owner)
    app.clock.moment = end - TICK
    spend(app, owner, 80)
    app.clock.moment = end
    spend(app, owner, 50)
    assert [check_from_stream(app, owner), check_from_stream(app, owner)] == [3, 0]
    assert run_usage_check(app) == []
    assert [(one.period.end == end, one.threshold.percent) for one in messages_of(app, owner)] == [
        (True, 50),
        (True, 80),
        (False, 50),
    ]
    assert {message.created_at for message in messages_of(app, owner)} == {end}
    check_invariants(app)


def test_of_unchecked_months_the_last_two_alert_in_one_transaction(app: App, owner: Member) -> None:
    set_up_budget(app, owner, thresholds=thresholds(*range(1, 21)))
    for _ in range(4):
        spend(app, owner, 50)
        app.clock.moment = end_of_period(app, owner)
    spend(app, owner, 50)
    edit_budget(app, owner, thresholds=thresholds(*range(21, 41)), limit_type="hard", amount=50)
    starts = [message.period.start for message in messages_of(app, owner)]
    assert len(set(starts)) == 3
    assert starts == sorted(starts)
    assert len(starts) == 4 * 20
    assert run_usage_check(app) == []
    check_invariants(app)


@pytest.mark.parametrize(
    ("before_end", "expected"), [(timedelta(hours=24) + TICK, [50, 50]), (timedelta(hours=24), [50])]
)
def test_a_cooldown_that_ends_after_the_period_silences_its_crossing(
    app: App, owner: Member, before_end: timedelta, expected: list[int]
) -> None:
    set_up_budget(app, owner)
    app.clock.moment = end_of_period(app, owner) - before_end
    spend(app, owner, 50)
    run_usage_check(app)
    for amount in (1000, 100):
        edit_budget(app, owner, amount=amount)
    app.clock.advance(days=2)
    run_usage_check(app)
    assert alerted_percents(app, owner) == expected
    check_invariants(app)


def test_the_next_check_announces_the_lift_by_a_new_plan(app: App, owner: Member) -> None:
    set_up_budget(app, owner, limit_type="hard")
    spend(app, owner, 100)
    run_usage_check(app)
    app.clock.advance(hours=1)
    change_plan(app.ctx, app.account_of(owner), "pro", actor=OPERATOR, must_pay=False)
    assert due_kinds(app) == ["check"]
    run_usage_check(app)
    assert budget_actions(app, owner)[-1] == "restriction_lifted"
    spend(app, owner, 50)
    assert run_usage_check(app) == ["alerted"], "the new plan began another period"
    check_invariants(app)


def test_unchecked_usage_before_a_plan_change_alerts_in_the_cut_period(app: App, owner: Member) -> None:
    set_up_budget(app, owner)
    spend(app, owner, 50)
    app.clock.advance(minutes=1)
    changed = change_plan(app.ctx, app.account_of(owner), "pro", actor=OPERATOR, must_pay=False)
    spend(app, owner, 80)
    assert run_usage_check(app) == ["alerted"] * 3
    assert [message.period == changed.opened.period for message in messages_of(app, owner)] == [False, True, True]
    assert messages_of(app, owner)[0].period.end == changed.opened.period.start
    check_invariants(app)


def test_a_plan_change_without_a_budget_makes_no_check_due(app: App, owner: Member) -> None:
    app.clock.advance(hours=1)
    change_plan(app.ctx, app.account_of(owner), "pro", actor=OPERATOR, must_pay=False)
    assert due_kinds(app) == []


def test_periods_end_in_the_accounts_time_zone(app: App, owner: Member) -> None:
    change_account(app.ctx, root_principal(app, owner), {"time_zone": "Pacific/Auckland"})
    app.clock.moment = datetime(2026, 10, 1, tzinfo=UTC)
    set_up_budget(app, owner)
    end = end_of_period(app, owner)
    assert end == datetime(2026, 10, 19, 11, tzinfo=UTC), "00:00 in daylight saving time"
    app.clock.moment = end - TICK
    spend(app, owner, 50)
    app.clock.moment = end
    spend(app, owner, 50)
    assert run_usage_check(app) == ["alerted"] * 2
    assert [message.period.end == end for message in messages_of(app, owner)] == [True, False]


def test_late_usage_in_several_shards_is_summed(app: App, owner: Member) -> None:
    app.reshape(usage_shards=4)
    app.clock.moment = end_of_period(app, owner)
    set_up_budget(app, owner)
    for _ in range(9):
        spend(app, owner, "11.11")
    period_keys = [item for item in app.stored("usage") if item["sk"].startswith("period#")]
    assert len([period_key for period_key in period_keys if any(name.startswith("q:") for name in period_key)]) > 1
    app.reshape(usage_shards=1)
    assert run_usage_check(app) == ["alerted"] * 2
    spend(app, owner, "0.01")
    assert run_usage_check(app) == ["alerted"]
    check_invariants(app)
