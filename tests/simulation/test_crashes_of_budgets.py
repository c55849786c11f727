"""A crash at any external call of a budget: each crossing alerts once, and each change happens whole or not at all.

After the retry the stored data is as without a crash.
"""

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from tallybook.domain.errors import Conflict, NotFound
from tallybook.domain.jobs import USAGE_CHECK
from tallybook.domain.outbox import LEASE
from tallybook.mail_hooks import HOOKS
from tallybook.services.budgets.budget import change_budget, create_budget, remove_budget
from tallybook.services.budgets.check import check_budget
from tallybook.services.jobs.due_tasks import Task, due_tasks
from tallybook.services.jobs.usage_check import run_task
from tallybook.services.outbox.deliver import deliver
from tallybook.services.outbox.suppressions import note_bounce, suppress_addresses
from tests.simulation.conftest import Sweep
from tests.support.allocations import principal_of
from tests.support.app import App, Member
from tests.support.budgets import (
    alerted_percents,
    budget_actions,
    budget_of,
    edit_budget,
    messages_of,
    root_principal,
    run_usage_check,
    set_up_budget,
    spend,
    thresholds,
)
from tests.support.cloud import make_context

type Act = Callable[[App, Any], Any]
type SweepBudget = Callable[[Callable[[App], Any], Act], tuple[int, App, Any]]
TERMS = {"amount": Decimal(100), "limit_type": "hard", "emails": ["fin@example.com"]}


def stored_of_budget(app: App) -> list[Any]:
    """All items of a budget: itself, messages, audit entries, outbox items and attempt counts."""
    rows = []
    for row in app.stored("core"):
        if row["sk"] == "OUTBOX":
            rows.append((row["id"], row["body"]))
        elif row["sk"].startswith(("ACCOUNT", "BUDGET", "MESSAGE#", "AUDIT#", "DIRTY")) or "#budget_mail#" in row["pk"]:
            rows.append((row["pk"] + row["sk"], row))
    return sorted(rows, key=lambda row: row[0])


@pytest.fixture
def sweep_budget(client: Any, sweep: Sweep) -> SweepBudget:
    """A crash sweep that compares what each crash leaves; returns (calls, app without a crash, prepared value)."""

    def sweep_budget(prepare: Callable[[App], Any], act: Act) -> tuple[int, App, Any]:
        left: list[list[Any]] = []
        known: list[Any] = []

        def prepare_and_keep(app: App) -> Any:
            known.append(prepare(app))
            return known[0]

        calls = sweep(prepare_and_keep, act, lambda app, *_: left.append(stored_of_budget(app)))
        whole = App(make_context(client), client)
        assert left == [stored_of_budget(whole)] * len(left)
        return calls, whole, known[0]

    return sweep_budget


def member_with_usage(app: App, *, units: object = "82.5", **terms: Any) -> Member:
    """An account that has used this much of its budget, before any check."""
    member = app.member("ada@example.com")
    set_up_budget(app, member, **TERMS | terms)
    spend(app, member, units)
    return member


def test_a_check_that_alerts(sweep_budget: SweepBudget) -> None:
    calls, app, member = sweep_budget(
        lambda app: member_with_usage(app, units=100), lambda app, member: check_budget(app.ctx, member.account.id)
    )
    assert calls == 5  # the account, the budget with its usage, the catalog twice, the transaction
    assert alerted_percents(app, member) == [50, 80, 100]
    assert budget_actions(app, member) == ["created", "threshold_reached", "restricted"]
    check_budget(app.ctx, member.account.id)
    assert len(alerted_percents(app, member)) == 3


def test_a_sweep_that_finds_usage_and_an_ended_cooldown(sweep_budget: SweepBudget) -> None:
    def prepare(app: App) -> tuple[Member, list[Task]]:
        member = member_with_usage(app, units=50)
        run_usage_check(app)
        for amount in (500, 100):
            edit_budget(app, member, amount=amount)
        app.clock.advance(hours=24)
        spend(app, member, 30)
        return member, list(due_tasks(app.ctx, USAGE_CHECK))

    def act(app: App, known: tuple[Member, list[Task]]) -> None:
        for task in known[1]:
            run_task(app.ctx, task)

    calls, app, (member, _) = sweep_budget(prepare, act)
    assert calls > 8
    assert alerted_percents(app, member) == [50, 50, 80]
    assert list(due_tasks(app.ctx, USAGE_CHECK)) == []


def test_a_restriction_that_ends_with_its_period(sweep_budget: SweepBudget) -> None:
    def prepare(app: App) -> Member:
        member = member_with_usage(app, units=100)
        run_usage_check(app)
        app.clock.advance(days=31)
        return member

    calls, app, member = sweep_budget(prepare, lambda app, member: run_task(app.ctx, Task("budget", member.account.id)))
    assert calls == 4  # the account, the budget with its usage, the catalog with its base fees, the transaction
    assert budget_actions(app, member)[-1] == "restriction_lifted"
    assert "work" not in next(iter(app.stored("core", "BUDGET")))


def test_a_change_that_alerts_by_the_old_and_the_new_terms(sweep_budget: SweepBudget) -> None:
    def prepare(app: App) -> Member:
        return member_with_usage(app, units=60)

    def act(app: App, member: Member) -> None:
        change_budget(app.ctx, principal_of(app, member), {"amount": Decimal(60), "thresholds": thresholds(50, 90)})

    calls, app, member = sweep_budget(prepare, act)
    assert calls == 4  # the caller, the catalog, the usage, the transaction
    alerts = [(int(one.threshold.percent), one.amount // 10**6) for one in messages_of(app, member)]
    assert alerts == [(50, 100), (90, 60)]
    assert budget_actions(app, member) == ["created", "threshold_reached", "changed", "restricted", "threshold_reached"]
    (attempts,) = [row for row in app.stored("core") if "#budget_mail#" in row["pk"]]
    assert attempts["count"] == 4, "two mails to two addresses"


def test_a_budget_created_below_the_usage(sweep_budget: SweepBudget) -> None:
    def prepare(app: App) -> Member:
        member = app.member()
        spend(app, member, 100)
        return member

    def act(app: App, member: Member) -> None:
        with suppress(Conflict):  # created by the attempt before
            create_budget(app.ctx, principal_of(app, member), TERMS)

    calls, app, member = sweep_budget(prepare, act)
    assert calls == 4
    assert alerted_percents(app, member) == [50, 80, 100]
    assert app.account_of(member).counts.budget_count == 1


def test_a_deleted_budget_with_an_unsent_alert(sweep_budget: SweepBudget) -> None:
    def prepare(app: App) -> Member:
        member = member_with_usage(app, units=100)
        run_usage_check(app)
        edit_budget(app, member, amount=90, thresholds=thresholds(100, 120))
        spend(app, member, 10)
        return member

    def act(app: App, member: Member) -> None:
        with suppress(NotFound):  # deleted by the attempt before
            remove_budget(app.ctx, principal_of(app, member))

    calls, app, member = sweep_budget(prepare, act)
    assert calls == 5
    assert alerted_percents(app, member) == [50, 80, 100, 120]
    assert budget_actions(app, member)[-3:] == ["threshold_reached", "deleted", "restriction_lifted"]
    assert budget_of(app, member) is None


def member_with_alert(app: App) -> tuple[Member, str]:
    """An account whose budget has alerted, and the id of its undelivered mail."""
    member = member_with_usage(app)
    app.deliver()
    run_usage_check(app)
    (mail,) = [row["id"] for row in app.stored("core", "OUTBOX") if row["body"].get("letter") == "budget_reached"]
    return member, mail


def test_a_delivered_mail_is_noted_in_its_messages(sweep: Sweep) -> None:
    def act(app: App, known: tuple[Member, str]) -> None:
        app.clock.advance(seconds=LEASE.total_seconds())
        deliver(app.ctx, app.fake_aws.channels(), known[1])

    def check(app: App, known: tuple[Member, str], _: Any) -> None:
        to = ["ada@example.com", "fin@example.com"]
        assert [list(one.recipients) for one in messages_of(app, known[0])] == [to] * 2
        sent = [mail.to for mail in app.fake_aws.mails if mail.item == known[1]]
        assert sorted(set(sent)) == to
        assert len(sent) <= 3, "only the mail at the crash may be sent twice"

    assert sweep(member_with_alert, act, check) > 5


def test_a_bounced_mail_is_noted_in_its_messages(sweep_budget: SweepBudget) -> None:
    def prepare(app: App) -> tuple[Member, str]:
        known = member_with_alert(app)
        app.clock.advance(seconds=1)
        app.deliver()
        return known

    def act(app: App, known: tuple[Member, str]) -> None:
        suppress_addresses(app.ctx, ["fin@example.com"], reason="bounce")
        note_bounce(app.ctx, HOOKS, known[1], ["fin@example.com"])

    calls, app, (member, _) = sweep_budget(prepare, act)
    assert calls == 3
    assert [one.recipients for one in messages_of(app, member)] == [("ada@example.com",)] * 2


def test_a_cooldown_ends_with_its_budget(sweep_budget: SweepBudget) -> None:
    def prepare(app: App) -> Member:
        member = member_with_usage(app, units=50)
        run_usage_check(app)
        for amount in (500, 100):
            edit_budget(app, member, amount=amount)
        app.clock.advance(hours=24)
        return member

    def act(app: App, member: Member) -> None:
        with suppress(NotFound):
            remove_budget(app.ctx, root_principal(app, member))

    _, app, member = sweep_budget(prepare, act)
    assert alerted_percents(app, member) == [50, 50], "the cooldown was over at the deletion"
    app.clock.advance(days=2)
    assert list(due_tasks(app.ctx, USAGE_CHECK)) == []


def test_usage_unchecked_until_its_period_ended(sweep_budget: SweepBudget) -> None:
    def prepare(app: App) -> Member:
        member = member_with_usage(app, units=80)
        app.clock.advance(days=31)
        spend(app, member, 50)
        app.clock.advance(minutes=5)
        return member

    calls, app, member = sweep_budget(prepare, lambda app, member: run_task(app.ctx, Task("check", member.account.id)))
    assert calls > 6
    alerts = [(message.period.start, int(message.threshold.percent)) for message in messages_of(app, member)]
    assert [percent for _, percent in alerts] == [50, 80, 50]
    assert alerts[0][0] + timedelta(days=28) < alerts[2][0]
