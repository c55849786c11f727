"""A budget is checked after ingest, by the sweep and when a cooldown ends; each crossing alerts once."""

from datetime import timedelta

import pytest

from tallybook.domain.audit import OPERATOR
from tallybook.services.accounts.suspension import set_account_status
from tallybook.services.budgets.check import check_budget
from tests.support.app import App, Member
from tests.support.budgets import (
    alerted_percents,
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
    thresholds,
)
from tests.support.invariants import check_invariants

TICK = timedelta(milliseconds=1)


def test_each_threshold_alerts_once_over_repeated_checks(app: App, owner: Member) -> None:
    set_up_budget(app, owner)
    for units, alerts in (("49.99", 0), ("0.01", 1), ("0.01", 0), ("49.98", 1), ("0.01", 1), ("50", 0)):
        spend(app, owner, units)
        assert [check_from_stream(app, owner), check_from_stream(app, owner)] == [alerts, 0]
        assert run_usage_check(app) == []
        check_invariants(app)
    assert alerted_percents(app, owner) == [50, 80, 100]
    assert [message.used for message in messages_of(app, owner)] == [50_000_000, 99_990_000, 100_000_000]


def test_one_check_sends_one_mail_to_each_address(app: App, owner: Member) -> None:
    set_up_budget(app, owner, emails=["fin@example.com", "ADA@example.com", "fin@example.com"])
    spend(app, owner, "82.5")
    assert run_usage_check(app) == ["alerted"] * 2
    assert len({message.notification_id for message in messages_of(app, owner)}) == 1
    mails = [mail for mail in app.deliver().mails if mail.subject.startswith("Budget")]
    assert [mail.to for mail in mails] == ["ada@example.com", "fin@example.com"]
    alerted = [detail["data"]["threshold_percent"] for detail in app.fake_aws.events_named("BudgetThresholdReached")]
    assert alerted == ["50", "80"]
    assert {message.recipients for message in messages_of(app, owner)} == {("ada@example.com", "fin@example.com")}


def test_the_sweep_alerts_if_the_stream_lost_its_record(app: App, owner: Member) -> None:
    set_up_budget(app, owner)
    spend(app, owner, 50)
    app.clock.advance(minutes=5)
    assert run_usage_check(app) == ["alerted"]
    assert due_kinds(app) == []


def test_after_the_streams_check_the_sweep_only_clears_the_mark(app: App, owner: Member) -> None:
    set_up_budget(app, owner)
    spend(app, owner, 50)
    assert check_from_stream(app, owner) == 1
    assert due_kinds(app) == ["check"]
    assert run_usage_check(app) == []
    assert due_kinds(app) == []


def test_a_silenced_crossing_alerts_when_the_cooldown_ends(app: App, owner: Member) -> None:
    set_up_budget(app, owner)
    spend(app, owner, 50)
    run_usage_check(app)
    at = app.clock.now() + timedelta(hours=24)
    for amount in (200, 100):
        app.clock.advance(hours=1)
        edit_budget(app, owner, amount=amount)
    app.clock.moment = at - TICK
    assert (due_kinds(app), check_from_stream(app, owner), alerted_percents(app, owner)) == ([], 0, [50])
    app.clock.moment = at
    assert due_kinds(app) == ["budget"]
    assert run_usage_check(app) == ["alerted"]
    assert (due_kinds(app), alerted_percents(app, owner)) == ([], [50, 50])
    check_invariants(app)


@pytest.mark.parametrize("end", [{"amount": 500}, {"is_active": False}, {"thresholds": thresholds(80)}])
def test_a_silenced_crossing_that_is_over_does_not_alert(app: App, owner: Member, end: dict[str, object]) -> None:
    set_up_budget(app, owner)
    spend(app, owner, 50)
    run_usage_check(app)
    for amount in (200, 100):
        edit_budget(app, owner, amount=amount)
    edit_budget(app, owner, **end)
    app.clock.advance(hours=25)
    assert (due_kinds(app), run_usage_check(app), alerted_percents(app, owner)) == ([], [], [50])
    check_invariants(app)


def test_a_silenced_crossing_of_a_deleted_budget_is_not_due(app: App, owner: Member) -> None:
    set_up_budget(app, owner)
    spend(app, owner, 50)
    run_usage_check(app)
    for amount in (200, 100):
        edit_budget(app, owner, amount=amount)
    remove_budget_of(app, owner)
    app.clock.advance(hours=25)
    assert due_kinds(app) == []
    check_invariants(app)


def test_a_suspended_accounts_budget_still_alerts(app: App, owner: Member) -> None:
    set_up_budget(app, owner)
    set_account_status(app.ctx, owner.account.id, "suspended", reason="unpaid", actor=OPERATOR)
    spend(app, owner, 50)
    assert run_usage_check(app) == ["alerted"]


def test_a_deleted_accounts_budget_does_not_alert_and_is_not_due(app: App, owner: Member) -> None:
    set_up_budget(app, owner, limit_type="hard")
    spend(app, owner, 100)
    run_usage_check(app)
    end = end_of_period(app, owner)
    spend(app, owner, 1)
    app.change_account(owner, status="deleted")
    assert run_usage_check(app) == []
    budget = budget_of(app, owner)
    assert budget is not None
    assert budget.due is None
    app.clock.moment = end
    assert due_kinds(app) == []


def test_a_check_of_an_unknown_account_does_nothing(app: App) -> None:
    assert check_budget(app.ctx, "nobody") == 0
