"""Budgets set, changed and deleted while another call changes the same data."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from tallybook.domain.admission import NotAdmitted
from tallybook.domain.errors import Conflict, Forbidden, NotFound
from tallybook.services.accounts.users import change_user
from tallybook.services.budgets.budget import create_budget
from tallybook.services.metering.sessions import start_session
from tests.support.app import App, Member
from tests.support.budgets import (
    UNIT,
    alerted_percents,
    budget_of,
    due_kinds,
    edit_budget,
    end_of_period,
    messages_of,
    remove_budget_of,
    root_principal,
    run_usage_check,
    set_up_budget,
    spend,
)
from tests.support.invariants import check_invariants
from tests.support.race import interleave
from tests.support.sessions import session_request


def test_a_user_demoted_before_the_write_changes_nothing(app: App, owner: Member) -> None:
    colleague = app.colleague(owner, is_root=True)
    principal, by_root = root_principal(app, colleague), root_principal(app, owner)
    ctx = interleave(
        app, "transact_write_items", lambda: change_user(app.ctx, by_root, colleague.user.id, {"is_root": False})
    )
    with pytest.raises(Forbidden):
        create_budget(ctx, principal, {"amount": Decimal(1)})
    assert budget_of(app, owner) is None


def test_two_budgets_created_at_once_become_one(app: App, owner: Member) -> None:
    ctx = interleave(app, "transact_write_items", lambda: set_up_budget(app, owner, amount=7))
    with pytest.raises(Conflict):
        set_up_budget(app, owner, ctx)
    budget = budget_of(app, owner)
    assert budget is not None
    assert (budget.number, budget.amount) == (1, 7 * UNIT)
    check_invariants(app)


def test_two_changes_at_once_are_both_applied(app: App, owner: Member) -> None:
    set_up_budget(app, owner)
    ctx = interleave(app, "transact_write_items", lambda: edit_budget(app, owner, limit_type="hard"))
    after = edit_budget(app, owner, ctx, amount=70).budget
    assert (after.amount, after.limit_type) == (70 * UNIT, "hard")
    assert budget_of(app, owner) == replace(after, version=3)


def test_a_change_of_a_budget_deleted_meanwhile_is_not_found(app: App, owner: Member) -> None:
    set_up_budget(app, owner)
    for call in (lambda ctx: edit_budget(app, owner, ctx, amount=70), lambda ctx: remove_budget_of(app, owner, ctx)):
        ctx = interleave(app, "transact_write_items", lambda: remove_budget_of(app, owner))
        with pytest.raises(NotFound):
            call(ctx)
        set_up_budget(app, owner)
    check_invariants(app)


def test_usage_during_a_change_alerts_at_the_next_check(app: App, owner: Member) -> None:
    set_up_budget(app, owner)
    edit_budget(app, owner, interleave(app, "transact_write_items", lambda: spend(app, owner, 60)), amount=75)
    assert alerted_percents(app, owner) == []
    assert due_kinds(app) == ["check"]
    run_usage_check(app)
    assert [(one.threshold.percent, one.amount) for one in messages_of(app, owner)] == [
        (50, 75 * UNIT),
        (80, 75 * UNIT),
    ]
    check_invariants(app)


def test_a_change_does_not_repeat_the_alerts_of_a_check_during_it(app: App, owner: Member) -> None:
    set_up_budget(app, owner)
    spend(app, owner, 80)
    edit_budget(app, owner, interleave(app, "transact_write_items", lambda: run_usage_check(app)), amount=500)
    assert alerted_percents(app, owner) == [50, 80]
    check_invariants(app)


def test_a_hard_limit_set_between_read_and_write_refuses_the_session(app: App, owner: Member) -> None:
    set_up_budget(app, owner, limit_type="hard")
    spend(app, owner, 60)
    key = app.platform()
    ctx = interleave(app, "transact_write_items", lambda: edit_budget(app, owner, amount=50))
    with pytest.raises(NotAdmitted):
        start_session(ctx, key, session_request(owner))


def test_a_slow_change_past_the_period_end_counts_in_the_next_period(app: App, owner: Member) -> None:
    set_up_budget(app, owner)
    spend(app, owner, 50)
    run_usage_check(app)
    end = end_of_period(app, owner)
    app.clock.moment = end - timedelta(milliseconds=1)

    def end_period() -> None:
        app.clock.moment = end
        spend(app, owner, 1)
        assert run_usage_check(app) == []

    status = edit_budget(app, owner, ctx=interleave(app, "batch_get_item", end_period), amount=1)
    assert (status.spent.period.start, status.spent.used) == (end, UNIT)
    assert alerted_percents(app, owner) == [50, 50, 80, 100]
    check_invariants(app)
