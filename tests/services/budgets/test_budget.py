"""Root users set a budget; each change first evaluates the old terms, then the new ones."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from tallybook.domain.audit import OPERATOR
from tallybook.domain.errors import Conflict, Forbidden, NotFound
from tallybook.services.accounts.suspension import set_account_status
from tallybook.services.budgets.budget import change_budget, create_budget, remove_budget
from tallybook.services.budgets.status import budget_status, list_messages
from tallybook.services.identity.authenticate import authenticate
from tallybook.services.metering.sessions import admission
from tests.support.allocations import audit_entries
from tests.support.app import App, Member
from tests.support.budgets import (
    LIFTS,
    UNIT,
    alerted_percents,
    budget_actions,
    budget_of,
    edit_budget,
    messages_of,
    remove_budget_of,
    root_principal,
    run_usage_check,
    set_up_budget,
    spend,
    thresholds,
)
from tests.support.invariants import check_invariants
from tests.support.sessions import session_request


def may_start(app: App, owner: Member) -> bool:
    reasons = admission(app.ctx, app.platform(), session_request(owner))
    assert {reason.code for reason in reasons} <= {"budget_restricted"}
    return not reasons


def test_a_budget_created_below_present_usage_alerts_at_once(app: App, owner: Member) -> None:
    spend(app, owner, "82.5")
    status = set_up_budget(app, owner)
    assert (status.spent.used, status.budget.number) == (82_500_000, 1)
    assert alerted_percents(app, owner) == [50, 80]
    assert run_usage_check(app) == []
    check_invariants(app)


def test_a_hard_budget_created_below_present_usage_restricts_at_once(app: App, owner: Member) -> None:
    spend(app, owner, 100)
    assert may_start(app, owner)
    assert set_up_budget(app, owner, limit_type="hard").is_restricted
    assert not may_start(app, owner)
    assert budget_actions(app, owner) == ["created", "restricted", "threshold_reached"]
    check_invariants(app)


@pytest.mark.parametrize("change", LIFTS)
def test_a_change_that_lifts_the_restriction_does_so_at_once(app: App, owner: Member, change: dict[str, Any]) -> None:
    set_up_budget(app, owner, limit_type="hard")
    spend(app, owner, 100)
    assert not may_start(app, owner), "before any check"
    run_usage_check(app)
    status = edit_budget(app, owner, **change)
    assert (status.is_restricted, status.budget.restricted) == (False, False)
    assert may_start(app, owner)
    assert budget_actions(app, owner)[-2:] == ["changed", "restriction_lifted"]
    check_invariants(app)


def test_a_deletion_lifts_the_restriction_at_once(app: App, owner: Member) -> None:
    set_up_budget(app, owner, limit_type="hard")
    spend(app, owner, 100)
    run_usage_check(app)
    remove_budget_of(app, owner)
    assert may_start(app, owner)
    assert budget_actions(app, owner)[-2:] == ["deleted", "restriction_lifted"]
    check_invariants(app)


@pytest.mark.parametrize("lift", [lambda app, owner: edit_budget(app, owner, amount=200), remove_budget_of])
def test_an_unannounced_restriction_is_neither_announced_nor_lifted(
    app: App, owner: Member, lift: Callable[[App, Member], object]
) -> None:
    set_up_budget(app, owner, limit_type="hard")
    spend(app, owner, 100)
    lift(app, owner)
    assert not {"restricted", "restriction_lifted"} & set(budget_actions(app, owner))
    assert alerted_percents(app, owner) == [50, 80, 100], "the reached thresholds still alert"
    check_invariants(app)


def test_a_change_evaluates_the_old_terms_first(app: App, owner: Member) -> None:
    set_up_budget(app, owner)
    spend(app, owner, 60)
    edit_budget(app, owner, amount=75)
    alerts = [(one.threshold.percent, one.amount) for one in messages_of(app, owner)]
    assert alerts == [(50, 100 * UNIT), (80, 75 * UNIT)]
    first, second = messages_of(app, owner)
    assert first.notification_id != second.notification_id
    assert run_usage_check(app) == []
    check_invariants(app)


def test_raising_a_budget_first_alerts_for_unchecked_usage_once(app: App, owner: Member) -> None:
    set_up_budget(app, owner)
    spend(app, owner, 80)
    edit_budget(app, owner, amount=1000)
    assert alerted_percents(app, owner) == [50, 80]
    assert run_usage_check(app) == []
    edit_budget(app, owner, amount=100)
    assert alerted_percents(app, owner) == [50, 80], "within the cooldown"
    app.clock.advance(hours=24)
    assert run_usage_check(app) == ["alerted"] * 2
    check_invariants(app)


def test_a_change_in_the_next_period_first_evaluates_the_ended_one(app: App, owner: Member) -> None:
    set_up_budget(app, owner)
    spend(app, owner, 50)
    app.clock.advance(days=31)
    spend(app, owner, 10)
    edit_budget(app, owner, amount=20)
    alerts = [(one.threshold.percent, one.amount, one.used) for one in messages_of(app, owner)]
    assert alerts == [(50, 100 * UNIT, 50 * UNIT), (50, 20 * UNIT, 10 * UNIT)]
    assert run_usage_check(app) == []
    check_invariants(app)


def test_a_deletion_first_evaluates_the_old_terms(app: App, owner: Member) -> None:
    set_up_budget(app, owner)
    spend(app, owner, 50)
    remove_budget_of(app, owner)
    assert alerted_percents(app, owner) == [50]
    assert run_usage_check(app) == []
    check_invariants(app)


def test_the_next_budget_alerts_again_and_lists_only_its_own_messages(app: App, owner: Member) -> None:
    spend(app, owner, 50)
    set_up_budget(app, owner)
    remove_budget_of(app, owner)
    status = set_up_budget(app, owner)
    assert status.budget.number == 2
    assert [(one.number, one.budget) for one in messages_of(app, owner)] == [(1, 1), (2, 2)]
    listed, total = list_messages(app.ctx, root_principal(app, owner), offset=0, limit=20)
    assert ([one.number for one in listed], total) == ([2], 1)
    check_invariants(app)


def test_a_change_without_a_difference_is_not_recorded(app: App, owner: Member) -> None:
    before = set_up_budget(app, owner, emails=["fin@example.com"]).budget
    app.clock.advance(minutes=1)
    same = {"amount": "100.00", "emails": ["FIN@example.com"], "limit_type": "soft", "is_active": True}
    assert edit_budget(app, owner, **same, thresholds=thresholds(100, 80, "50.00")).budget == before
    assert edit_budget(app, owner).budget == before
    assert budget_actions(app, owner) == ["created"]


def test_a_change_without_a_difference_still_checks_the_budget(app: App, owner: Member) -> None:
    set_up_budget(app, owner)
    spend(app, owner, 50)
    edit_budget(app, owner)
    assert alerted_percents(app, owner) == [50]
    assert budget_actions(app, owner) == ["created", "threshold_reached"]
    check_invariants(app)


def test_a_change_is_recorded_with_values_before_and_after(app: App, owner: Member) -> None:
    set_up_budget(app, owner)
    app.clock.advance(minutes=1)
    budget = edit_budget(app, owner, amount="99.5", is_active=False).budget
    assert (budget.updated_at, budget.created_at) == (app.clock.now(), app.clock.now() - timedelta(minutes=1))
    (entry,) = [one for one in audit_entries(app, owner.account.id) if one["action"] == "budget.changed"]
    before, after = entry["before"], entry["after"]
    assert (before["amount"], after["amount"]) == (100 * UNIT, 99_500_000)
    assert (before["is_active"], after["is_active"]) == (True, False)
    events = app.deliver().events_named("BudgetSet")
    assert [event["data"]["budget_amount"] for event in events] == [100 * UNIT, 99_500_000]


def test_a_second_budget_is_a_conflict_and_a_missing_one_not_found(app: App, owner: Member) -> None:
    for call in (lambda: edit_budget(app, owner, amount=1), lambda: remove_budget_of(app, owner)):
        with pytest.raises(NotFound):
            call()
    set_up_budget(app, owner)
    with pytest.raises(Conflict) as refused:
        set_up_budget(app, owner)
    assert refused.value.code == "budget_exists"


def test_each_account_has_its_own_budget(app: App, owner: Member) -> None:
    other = app.member()
    set_up_budget(app, owner)
    assert budget_status(app.ctx, root_principal(app, other)) is None
    with pytest.raises(NotFound):
        remove_budget_of(app, other)
    assert set_up_budget(app, other, amount=7).budget.number == 1
    spend(app, other, 7)
    assert run_usage_check(app) == ["alerted"] * 3
    assert (alerted_percents(app, owner), alerted_percents(app, other)) == ([], [50, 80, 100])
    remove_budget_of(app, other)
    assert budget_of(app, owner) is not None
    check_invariants(app)


def test_a_user_who_is_not_root_is_forbidden(app: App, owner: Member) -> None:
    colleague = app.colleague(owner)
    principal = root_principal(app, colleague)
    calls: list[Callable[[], object]] = [
        lambda: create_budget(app.ctx, principal, {"amount": Decimal(1)}),
        lambda: change_budget(app.ctx, principal, {}),
        lambda: remove_budget(app.ctx, principal),
        lambda: budget_status(app.ctx, principal),
        lambda: list_messages(app.ctx, principal, offset=0, limit=20),
    ]
    for call in calls:
        with pytest.raises(Forbidden) as refused:
            call()
        assert refused.value.code == "root_user_required"


def test_a_suspended_account_may_set_change_and_delete_its_budget(app: App, owner: Member) -> None:
    set_account_status(app.ctx, owner.account.id, "suspended", reason="unpaid", actor=OPERATOR)
    set_up_budget(app, owner)
    assert edit_budget(app, owner, amount=5).budget.amount == 5 * UNIT
    remove_budget_of(app, owner)
    assert budget_of(app, owner) is None


def test_a_sign_in_session_can_set_a_budget(app: App, owner: Member) -> None:
    assert create_budget(app.ctx, authenticate(app.ctx, owner.session), {"amount": Decimal("0.01")})


def test_the_mail_of_old_terms_describes_the_changed_budget(app: App, owner: Member) -> None:
    def mail_text(mail: int) -> str:
        return [one.text for one in app.deliver().mails_to("ada@example.com") if "threshold" in one.subject][mail]

    set_up_budget(app, owner, limit_type="hard", thresholds=thresholds(100))
    spend(app, owner, 100)
    edit_budget(app, owner, amount=200)
    assert "Budget: 100.00 USD" in mail_text(0)
    assert "changed since" in mail_text(0)
    assert "no new session starts until" not in mail_text(0).replace("once 100 % of it is used, no new", "")
    spend(app, owner, 100)
    app.clock.advance(days=1)
    remove_budget_of(app, owner)
    assert "deleted since" in mail_text(1)
    assert "no new session" not in mail_text(1)
