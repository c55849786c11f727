"""A crash at any external call tells each crossing once and makes, changes and deletes a budget whole or not at all:
what is stored after the next try is what is stored where nothing went wrong.
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
from tallybook.services.budgets.budget import change_budget, create_budget, remove_budget
from tallybook.services.budgets.check import check_budget
from tallybook.services.jobs.due_tasks import Task, due_tasks
from tallybook.services.jobs.usage_check import carry_out
from tallybook.services.outbox.deliver import deliver
from tallybook.services.outbox.suppressions import note_bounce, suppress_addresses
from tests.simulation.conftest import Sweep
from tests.support.budgets import (
    actions,
    budget_of,
    edit,
    look,
    messages,
    percents,
    root,
    set_up,
    spend,
    thresholds,
)
from tests.support.cloud import make_context
from tests.support.house import House, Member
from tests.support.shares import caller

type Act = Callable[[House, Any], Any]
type Disturbed = Callable[[Callable[[House], Any], Act], tuple[int, House, Any]]
TERMS = {"amount": Decimal(100), "limit_type": "hard", "emails": ["fin@example.com"]}


def stored(house: House) -> list[Any]:
    """All that a budget leaves: itself, its messages, what is on record and what leaves, and how often it was tried."""
    rows = []
    for row in house.stored("core"):
        if row["sk"] == "OUTBOX":
            rows.append((row["id"], row["body"]))
        elif row["sk"].startswith(("ACCOUNT", "BUDGET", "MESSAGE#", "AUDIT#", "DIRTY")) or "#budget_mail#" in row["pk"]:
            rows.append((row["pk"] + row["sk"], row))
    return sorted(rows, key=lambda row: row[0])


@pytest.fixture
def disturbed(client: Any, sweep: Sweep) -> Disturbed:
    """How many calls there are, the house in which none failed, once each of them did and left the same, and what was
    prepared.
    """

    def disturbed(prepare: Callable[[House], Any], act: Act) -> tuple[int, House, Any]:
        left: list[list[Any]] = []
        known: list[Any] = []

        def remembered(house: House) -> Any:
            known.append(prepare(house))
            return known[0]

        calls = sweep(remembered, act, lambda house, *_: left.append(stored(house)))
        whole = House(make_context(client), client)
        assert left == [stored(whole)] * len(left)
        return calls, whole, known[0]

    return disturbed


def used(house: House, *, units: object = "82.5", **terms: Any) -> Member:
    """An account that has used so much of its budget, and nobody has seen it."""
    member = house.member("ada@example.com")
    set_up(house, member, **TERMS | terms)
    spend(house, member, units)
    return member


def test_a_check_that_alerts(disturbed: Disturbed) -> None:
    calls, house, member = disturbed(
        lambda house: used(house, units=100), lambda house, member: check_budget(house.ctx, member.account.id)
    )
    assert calls == 5  # the account, the budget with what is used, the catalog twice, the transaction
    assert percents(house, member) == [50, 80, 100]
    assert actions(house, member) == ["created", "threshold_reached", "restricted"]
    check_budget(house.ctx, member.account.id)
    assert len(percents(house, member)) == 3


def test_a_sweep_that_finds_usage_and_a_silence_that_is_over(disturbed: Disturbed) -> None:
    def prepare(house: House) -> tuple[Member, list[Task]]:
        member = used(house, units=50)
        look(house)
        for amount in (500, 100):
            edit(house, member, amount=amount)
        house.clock.advance(hours=24)
        spend(house, member, 30)
        return member, list(due_tasks(house.ctx, USAGE_CHECK))

    def act(house: House, known: tuple[Member, list[Task]]) -> None:
        for task in known[1]:
            carry_out(house.ctx, task)

    calls, house, (member, _) = disturbed(prepare, act)
    assert calls > 8
    assert percents(house, member) == [50, 50, 80]
    assert list(due_tasks(house.ctx, USAGE_CHECK)) == []


def test_a_restriction_that_ends_with_its_period(disturbed: Disturbed) -> None:
    def prepare(house: House) -> Member:
        member = used(house, units=100)
        look(house)
        house.clock.advance(days=31)
        return member

    calls, house, member = disturbed(
        prepare, lambda house, member: carry_out(house.ctx, Task("budget", member.account.id))
    )
    assert calls == 3  # the account, the budget with what is used, the transaction
    assert actions(house, member)[-1] == "restriction_lifted"
    assert "work" not in next(iter(house.stored("core", "BUDGET")))


def test_a_change_that_tells_what_stood_and_alerts_by_itself(disturbed: Disturbed) -> None:
    def prepare(house: House) -> Member:
        return used(house, units=60)

    def act(house: House, member: Member) -> None:
        change_budget(house.ctx, caller(house, member), {"amount": Decimal(60), "thresholds": thresholds(50, 90)})

    calls, house, member = disturbed(prepare, act)
    assert calls == 4  # who calls, the catalog, what is used, the transaction
    told = [(int(one.threshold.percent), one.amount // 10**6) for one in messages(house, member)]
    assert told == [(50, 100), (90, 60)]
    assert actions(house, member) == ["created", "threshold_reached", "changed", "restricted", "threshold_reached"]
    (attempts,) = [row for row in house.stored("core") if "#budget_mail#" in row["pk"]]
    assert attempts["count"] == 2


def test_a_budget_made_over_what_is_used(disturbed: Disturbed) -> None:
    def prepare(house: House) -> Member:
        member = house.member()
        spend(house, member, 100)
        return member

    def act(house: House, member: Member) -> None:
        with suppress(Conflict):  # made by the try before
            create_budget(house.ctx, caller(house, member), TERMS)

    calls, house, member = disturbed(prepare, act)
    assert calls == 4
    assert percents(house, member) == [50, 80, 100]
    assert house.account_of(member).budgets == 1


def test_a_budget_deleted_that_has_something_to_tell(disturbed: Disturbed) -> None:
    def prepare(house: House) -> Member:
        member = used(house, units=100)
        look(house)
        edit(house, member, amount=90, thresholds=thresholds(100, 120))
        spend(house, member, 10)
        return member

    def act(house: House, member: Member) -> None:
        with suppress(NotFound):  # deleted by the try before
            remove_budget(house.ctx, caller(house, member))

    calls, house, member = disturbed(prepare, act)
    assert calls == 5
    assert percents(house, member) == [50, 80, 100, 120]
    assert actions(house, member)[-3:] == ["threshold_reached", "deleted", "restriction_lifted"]
    assert budget_of(house, member) is None


def alerted(house: House) -> tuple[Member, str]:
    """An account whose budget alerts, and the mail that waits for that."""
    member = used(house)
    house.deliver()
    look(house)
    (mail,) = [row["id"] for row in house.stored("core", "OUTBOX") if row["body"].get("letter") == "budget_reached"]
    return member, mail


def test_a_mail_delivered_is_told_in_its_messages(sweep: Sweep) -> None:
    def act(house: House, known: tuple[Member, str]) -> None:
        house.clock.advance(seconds=LEASE.total_seconds())
        deliver(house.ctx, house.world.ways_out(), known[1])

    def check(house: House, known: tuple[Member, str], _: Any) -> None:
        to = ["ada@example.com", "fin@example.com"]
        assert [list(one.recipients) for one in messages(house, known[0])] == [to] * 2
        sent = [mail.to for mail in house.world.mails if mail.item == known[1]]
        assert sorted(set(sent)) == to
        assert len(sent) <= 3, "only what the crash cut off from its marker went twice"

    assert sweep(alerted, act, check) > 5


def test_a_mail_that_bounced_is_told_in_its_messages(disturbed: Disturbed) -> None:
    def prepare(house: House) -> tuple[Member, str]:
        known = alerted(house)
        house.clock.advance(seconds=1)
        house.deliver()
        return known

    def act(house: House, known: tuple[Member, str]) -> None:
        suppress_addresses(house.ctx, ["fin@example.com"], reason="bounce")
        note_bounce(house.ctx, known[1], ["fin@example.com"])

    calls, house, (member, _) = disturbed(prepare, act)
    assert calls == 3
    assert [one.recipients for one in messages(house, member)] == [("ada@example.com",)] * 2


def test_a_silence_that_outlives_its_budget_is_forgotten_with_it(disturbed: Disturbed) -> None:
    def prepare(house: House) -> Member:
        member = used(house, units=50)
        look(house)
        for amount in (500, 100):
            edit(house, member, amount=amount)
        house.clock.advance(hours=24)
        return member

    def act(house: House, member: Member) -> None:
        with suppress(NotFound):
            remove_budget(house.ctx, root(house, member))

    _, house, member = disturbed(prepare, act)
    assert percents(house, member) == [50, 50], "its day was over when it was deleted"
    house.clock.advance(days=2)
    assert list(due_tasks(house.ctx, USAGE_CHECK)) == []


def test_what_nobody_saw_before_its_period_ended(disturbed: Disturbed) -> None:
    def prepare(house: House) -> Member:
        member = used(house, units=80)
        house.clock.advance(days=31)
        spend(house, member, 50)
        house.clock.advance(minutes=5)
        return member

    calls, house, member = disturbed(
        prepare, lambda house, member: carry_out(house.ctx, Task("check", member.account.id))
    )
    assert calls > 6
    told = [(message.period.start, int(message.threshold.percent)) for message in messages(house, member)]
    assert [percent for _, percent in told] == [50, 80, 50]
    assert told[0][0] + timedelta(days=28) < told[2][0]
