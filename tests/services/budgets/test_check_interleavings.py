"""Something else happens during a check of a budget: no alert is lost and none is repeated."""

from datetime import timedelta

import pytest

from tallybook.domain.audit import OPERATOR
from tallybook.domain.jobs import USAGE_CHECK
from tallybook.domain.periods import period_of
from tallybook.services.budgets.check import check_budget
from tallybook.services.jobs.due_tasks import due_tasks
from tallybook.services.subscriptions.change_plan import change_plan
from tests.support.app import App, Member
from tests.support.budgets import (
    alerted_percents,
    budget_actions,
    budget_of,
    check_from_stream,
    due_kinds,
    edit_budget,
    end_of_period,
    messages_of,
    remove_budget_of,
    run_usage_check,
    set_up_budget,
    spend,
)
from tests.support.invariants import check_invariants
from tests.support.race import interleave

TICK = timedelta(milliseconds=1)


def test_usage_between_reading_the_mark_and_the_check_alerts_once(app: App, owner: Member) -> None:
    set_up_budget(app, owner)
    spend(app, owner, 1)
    run_usage_check(app, interleave(app, "batch_get_item", lambda: spend(app, owner, 49)))
    assert alerted_percents(app, owner) == [50]
    assert due_kinds(app) == ["check"], "the mark has changed since it was read"
    assert (run_usage_check(app), due_kinds(app)) == ([], [])
    check_invariants(app)


@pytest.mark.parametrize("call", [1, 2])
def test_usage_after_the_checks_read_is_left_to_the_next_check(app: App, owner: Member, call: int) -> None:
    set_up_budget(app, owner)
    spend(app, owner, 50)
    ctx = interleave(app, "transact_write_items" if call == 1 else "update_item", lambda: spend(app, owner, 30))
    run_usage_check(app, ctx)
    check_invariants(app)
    assert due_kinds(app) == ["check"]
    run_usage_check(app)
    assert alerted_percents(app, owner) == [50, 80]
    check_invariants(app)


def test_two_checks_at_once_alert_once(app: App, owner: Member) -> None:
    set_up_budget(app, owner)
    spend(app, owner, 80)
    ctx = interleave(app, "transact_write_items", lambda: check_from_stream(app, owner))
    assert check_budget(ctx, owner.account.id) == 0
    assert alerted_percents(app, owner) == [50, 80]
    check_invariants(app)


def test_a_check_of_a_budget_changed_meanwhile_starts_again(app: App, owner: Member) -> None:
    set_up_budget(app, owner)
    spend(app, owner, 80)
    ctx = interleave(app, "transact_write_items", lambda: edit_budget(app, owner, amount=160))
    assert check_budget(ctx, owner.account.id) == 0
    assert [(one.threshold.percent, one.amount) for one in messages_of(app, owner)] == [
        (50, 100_000_000),
        (80, 100_000_000),
    ], "the edit evaluated the old terms"
    check_invariants(app)


def test_a_budget_deleted_during_the_check_alerts_by_its_deletion(app: App, owner: Member) -> None:
    set_up_budget(app, owner)
    spend(app, owner, 50)
    ctx = interleave(app, "transact_write_items", lambda: remove_budget_of(app, owner))
    assert check_budget(ctx, owner.account.id) == 0
    assert budget_actions(app, owner) == ["created", "threshold_reached", "deleted"]
    check_invariants(app)


def test_a_check_of_a_replaced_budget_does_not_overwrite_the_new_one(app: App, owner: Member) -> None:
    set_up_budget(app, owner)
    spend(app, owner, 50)

    def replace_budget() -> None:
        remove_budget_of(app, owner)
        set_up_budget(app, owner, amount=500)

    assert check_budget(interleave(app, "transact_write_items", replace_budget), owner.account.id) == 0
    budget = budget_of(app, owner)
    assert budget is not None
    assert (budget.number, budget.amount) == (2, 500_000_000)
    assert alerted_percents(app, owner) == [50]
    check_invariants(app)


def test_a_check_without_an_alert_does_not_overwrite_a_change(app: App, owner: Member) -> None:
    set_up_budget(app, owner)
    spend(app, owner, 50)
    run_usage_check(app)
    app.clock.advance(days=31)
    spend(app, owner, 1)
    changing = interleave(app, "put_item", lambda: edit_budget(app, owner, amount=2))
    assert check_budget(changing, owner.account.id) == 0
    budget = budget_of(app, owner)
    assert budget is not None
    assert (budget.amount, alerted_percents(app, owner)) == (2_000_000, [50, 50])
    check_invariants(app)


def test_a_check_without_an_alert_does_not_overwrite_a_new_budget(app: App, owner: Member) -> None:
    set_up_budget(app, owner)
    spend(app, owner, 50)
    run_usage_check(app)
    app.clock.advance(days=31)
    spend(app, owner, 1)
    first = budget_of(app, owner)

    def replace_budget() -> None:
        remove_budget_of(app, owner)
        set_up_budget(app, owner, amount=500)
        edit_budget(app, owner, amount=600)

    assert check_budget(interleave(app, "put_item", replace_budget), owner.account.id) == 0
    budget = budget_of(app, owner)
    assert first is not None
    assert budget is not None
    assert (budget.number, budget.amount, budget.version) == (2, 600_000_000, first.version)
    check_invariants(app)


def test_a_period_that_ends_during_the_check_alerts_at_the_next_check(app: App, owner: Member) -> None:
    set_up_budget(app, owner)
    end = end_of_period(app, owner)
    app.clock.moment = end - TICK
    spend(app, owner, 50)

    def end_period() -> None:
        spend(app, owner, 30)
        app.clock.moment = end
        spend(app, owner, 50)

    run_usage_check(app, interleave(app, "transact_write_items", end_period))
    run_usage_check(app)
    assert [(one.period.end == end, one.threshold.percent) for one in messages_of(app, owner)] == [
        (True, 50),
        (True, 80),
        (False, 50),
    ]
    assert list(due_tasks(app.ctx, USAGE_CHECK)) == []
    check_invariants(app)


def test_a_slow_check_past_the_period_end_does_not_alert_twice(app: App, owner: Member) -> None:
    set_up_budget(app, owner)
    end = end_of_period(app, owner)
    app.clock.moment = end - timedelta(minutes=1)
    spend(app, owner, 85)
    assert check_from_stream(app, owner) == 2
    app.clock.moment = end - TICK

    def check_after_end() -> None:
        app.clock.moment = end + TICK
        assert check_from_stream(app, owner) == 0

    assert check_budget(interleave(app, "batch_get_item", check_after_end), owner.account.id) == 0
    assert alerted_percents(app, owner) == [50, 80]
    check_invariants(app)


def test_a_check_with_a_stale_plan_does_not_alert_twice(app: App, owner: Member) -> None:
    set_up_budget(app, owner)
    spend(app, owner, 10)
    run_usage_check(app)
    app.clock.advance(hours=1)

    def change_meanwhile() -> None:
        change_plan(app.ctx, app.account_of(owner), "pro", actor=OPERATOR, must_pay=False)
        spend(app, owner, 85)
        assert run_usage_check(app) == ["alerted"] * 2
        edit_budget(app, owner, amount=200)
        edit_budget(app, owner, amount=100)

    assert check_budget(interleave(app, "batch_get_item", change_meanwhile), owner.account.id) == 0
    spend(app, owner, 1)
    assert run_usage_check(app) == []
    assert alerted_percents(app, owner) == [50, 80]
    check_invariants(app)


@pytest.mark.parametrize("checked", ["while the plan changes", "by an account read before"])
def test_a_month_that_a_plan_change_replaced_is_forgotten(app: App, owner: Member, checked: str) -> None:
    """The plan change is dated before the month's end, and the check runs after it."""
    set_up_budget(app, owner, limit_type="hard")
    spend(app, owner, 60)
    run_usage_check(app)
    end = end_of_period(app, owner)
    app.clock.moment = end - timedelta(milliseconds=20)
    account = app.account_of(owner)

    def check_after_end() -> None:
        app.clock.moment = end + timedelta(milliseconds=20)
        assert check_from_stream(app, owner) == 0

    def change_meanwhile() -> None:
        app.clock.moment = end - timedelta(milliseconds=20)
        change_plan(app.ctx, account, "pro", actor=OPERATOR, must_pay=False)
        app.clock.moment = end + timedelta(milliseconds=20)

    if checked == "while the plan changes":
        racing_ctx = interleave(app, "transact_write_items", check_after_end)
        change_plan(racing_ctx, account, "pro", actor=OPERATOR, must_pay=False)
    else:
        app.clock.moment = end + timedelta(milliseconds=20)
        assert check_budget(interleave(app, "batch_get_item", change_meanwhile), owner.account.id) == 0
    assert period_of(app.account_of(owner).schedule, app.clock.now()).start < end
    app.clock.advance(days=5)
    spend(app, owner, 100)
    assert check_from_stream(app, owner) == 3
    assert edit_budget(app, owner, amount=500).is_restricted is False
    remove_budget_of(app, owner)
    assert alerted_percents(app, owner) == [50, 50, 80, 100]
    check_invariants(app)
