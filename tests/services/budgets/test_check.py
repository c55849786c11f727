"""A budget is checked after ingest, by the sweep and when a cooldown ends; each crossing alerts once."""

from datetime import timedelta

import pytest

from tallybook.domain.audit import OPERATOR
from tallybook.services.accounts.suspension import set_account_status
from tallybook.services.budgets.check import check_budget
from tests.support.app import App, Member
from tests.support.budgets import (
    budget_of,
    drop,
    due,
    edit,
    end_of_period,
    look,
    messages,
    percents,
    set_up,
    spend,
    streamed,
    thresholds,
)
from tests.support.invariants import check_invariants

TICK = timedelta(milliseconds=1)


def test_each_threshold_alerts_once_over_repeated_checks(app: App, owner: Member) -> None:
    set_up(app, owner)
    for units, alerts in (("49.99", 0), ("0.01", 1), ("0.01", 0), ("49.98", 1), ("0.01", 1), ("50", 0)):
        spend(app, owner, units)
        assert [streamed(app, owner), streamed(app, owner)] == [alerts, 0]
        assert look(app) == []
        check_invariants(app)
    assert percents(app, owner) == [50, 80, 100]
    assert [message.used for message in messages(app, owner)] == [50_000_000, 99_990_000, 100_000_000]


def test_one_check_sends_one_mail_to_each_address(app: App, owner: Member) -> None:
    set_up(app, owner, emails=["fin@example.com", "ADA@example.com", "fin@example.com"])
    spend(app, owner, "82.5")
    assert look(app) == ["alerted"] * 2
    assert len({message.notification_id for message in messages(app, owner)}) == 1
    mails = [mail for mail in app.deliver().mails if mail.subject.startswith("Budget")]
    assert [mail.to for mail in mails] == ["ada@example.com", "fin@example.com"]
    alerted = [detail["data"]["threshold_percent"] for detail in app.fake_aws.named("BudgetThresholdReached")]
    assert alerted == ["50", "80"]
    assert {message.recipients for message in messages(app, owner)} == {("ada@example.com", "fin@example.com")}


def test_the_sweep_alerts_if_the_stream_lost_its_record(app: App, owner: Member) -> None:
    set_up(app, owner)
    spend(app, owner, 50)
    app.clock.advance(minutes=5)
    assert look(app) == ["alerted"]
    assert due(app) == []


def test_after_the_streams_check_the_sweep_only_clears_the_mark(app: App, owner: Member) -> None:
    set_up(app, owner)
    spend(app, owner, 50)
    assert streamed(app, owner) == 1
    assert due(app) == ["check"]
    assert look(app) == []
    assert due(app) == []


def test_a_silenced_crossing_alerts_when_the_cooldown_ends(app: App, owner: Member) -> None:
    set_up(app, owner)
    spend(app, owner, 50)
    look(app)
    at = app.clock.now() + timedelta(hours=24)
    for amount in (200, 100):
        app.clock.advance(hours=1)
        edit(app, owner, amount=amount)
    app.clock.moment = at - TICK
    assert (due(app), streamed(app, owner), percents(app, owner)) == ([], 0, [50])
    app.clock.moment = at
    assert due(app) == ["budget"]
    assert look(app) == ["alerted"]
    assert (due(app), percents(app, owner)) == ([], [50, 50])
    check_invariants(app)


@pytest.mark.parametrize("end", [{"amount": 500}, {"is_active": False}, {"thresholds": thresholds(80)}])
def test_a_silenced_crossing_that_is_over_does_not_alert(app: App, owner: Member, end: dict[str, object]) -> None:
    set_up(app, owner)
    spend(app, owner, 50)
    look(app)
    for amount in (200, 100):
        edit(app, owner, amount=amount)
    edit(app, owner, **end)
    app.clock.advance(hours=25)
    assert (due(app), look(app), percents(app, owner)) == ([], [], [50])
    check_invariants(app)


def test_a_silenced_crossing_of_a_deleted_budget_is_not_due(app: App, owner: Member) -> None:
    set_up(app, owner)
    spend(app, owner, 50)
    look(app)
    for amount in (200, 100):
        edit(app, owner, amount=amount)
    drop(app, owner)
    app.clock.advance(hours=25)
    assert due(app) == []
    check_invariants(app)


def test_a_suspended_accounts_budget_still_alerts(app: App, owner: Member) -> None:
    set_up(app, owner)
    set_account_status(app.ctx, owner.account.id, "suspended", reason="unpaid", actor=OPERATOR)
    spend(app, owner, 50)
    assert look(app) == ["alerted"]


def test_a_deleted_accounts_budget_does_not_alert_and_is_not_due(app: App, owner: Member) -> None:
    set_up(app, owner, limit_type="hard")
    spend(app, owner, 100)
    look(app)
    end = end_of_period(app, owner)
    spend(app, owner, 1)
    app.change_account(owner, status="deleted")
    assert look(app) == []
    budget = budget_of(app, owner)
    assert budget is not None
    assert budget.due is None
    app.clock.moment = end
    assert due(app) == []


def test_a_check_of_an_unknown_account_does_nothing(app: App) -> None:
    assert check_budget(app.ctx, "nobody") == 0
