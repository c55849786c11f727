"""Concurrent usage, checks, changes and session starts of a budget; a fifth of the writes conflict."""

import random
import threading
from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from tallybook.domain.admission import NotAdmitted
from tallybook.domain.audit import OPERATOR
from tallybook.domain.budget_status import BudgetStatus
from tallybook.domain.errors import Conflict, NotFound
from tallybook.domain.jobs import USAGE_CHECK
from tallybook.domain.sessions import Session
from tallybook.services.budgets.budget import change_budget, create_budget, remove_budget
from tallybook.services.budgets.check import check_budget
from tallybook.services.jobs.due_tasks import due_tasks
from tallybook.services.jobs.usage_check import run_task
from tallybook.services.metering.sessions import start_session
from tallybook.services.subscriptions.change_plan import ChangedPlan, change_plan
from tests.support.allocations import principal_of, set_plan_limits
from tests.support.app import App, Member
from tests.support.budgets import (
    UNIT,
    alerted_percents,
    budget_actions,
    budget_of,
    messages_of,
    set_up_budget,
    spend,
    thresholds,
    usage_worth,
)
from tests.support.invariants import check_invariants
from tests.support.race import deal_out, race
from tests.support.sessions import session_request


@pytest.fixture
def owner(crowded_app: App) -> tuple[App, Member]:
    app = crowded_app
    set_plan_limits(app, max_concurrent_sandboxes=1000)
    return app, app.member("ada@example.com")


type Owner = tuple[App, Member]


def make_sender(app: App, events: list[dict[str, Any]]) -> Callable[[], int]:
    """Returns a call that sends the events one by one; each must be accepted in spite of conflicts."""

    def send() -> int:
        results = [app.record(event)[0].status for event in events]
        assert results == ["accepted"] * len(events)
        return len(results)

    return send


def make_checker(app: App, member: Member, times: int) -> Callable[[], int]:
    return lambda: sum(check_budget(app.ctx, member.account.id) for _ in range(times))


def make_sweeper(app: App, times: int = 1) -> Callable[[], int]:
    """Returns a call that runs all due tasks, `times` over, and counts the alerts."""

    def sweep() -> int:
        return sum(
            run_task(app.ctx, task).count("alerted")
            for _ in range(times)
            for task in list(due_tasks(app.ctx, USAGE_CHECK))
        )

    return sweep


def settle(app: App) -> int:
    """Run the next sweep, after which nothing must be due; return its alerts."""
    check_invariants(app)
    alerts = make_sweeper(app)()
    assert list(due_tasks(app.ctx, USAGE_CHECK)) == []
    check_invariants(app)
    return alerts


def test_each_threshold_alerts_once_under_concurrent_usage_and_checks(owner: Owner) -> None:
    app, member = owner
    set_up_budget(app, member, thresholds=thresholds(*range(10, 101, 10)))
    events = [usage_worth(app, member, 4) for _ in range(25)]
    check_often = make_checker(app, member, 6)
    *sent, one, two, three = race(
        *[make_sender(app, some) for some in deal_out(events, 3)], check_often, check_often, make_sweeper(app, times=3)
    )
    assert sum(sent) == 25
    assert one + two + three + settle(app) == 10
    assert alerted_percents(app, member) == list(range(10, 101, 10))
    assert len({message.notification_id for message in messages_of(app, member)}) == budget_actions(app, member).count(
        "threshold_reached"
    )


def test_a_constantly_changed_budget_alerts_once_a_day_per_threshold(owner: Owner) -> None:
    app, member = owner
    set_up_budget(app, member)
    principal = principal_of(app, member)
    events = [usage_worth(app, member, 4) for _ in range(20)]

    def change(seed: int) -> Callable[[], list[BudgetStatus]]:
        amounts = random.Random(seed).choices((50, 70, 100, 400), k=5)
        return lambda: [change_budget(app.ctx, principal, {"amount": Decimal(amount)}) for amount in amounts]

    answers = race(
        *[make_sender(app, some) for some in deal_out(events, 2)],
        change(1),
        change(2),
        make_checker(app, member, 6),
        make_sweeper(app, times=2),
    )
    assert [answer for answer in answers if isinstance(answer, Exception)] == []
    settle(app)
    for amount in (80, 1000, 80):
        change_budget(app.ctx, principal, {"amount": Decimal(amount)})
    settle(app)
    assert sorted(alerted_percents(app, member)) == [50, 80, 100]
    app.clock.advance(hours=24)
    settle(app)
    assert Counter(alerted_percents(app, member)) == {50: 2, 80: 2, 100: 2}


def test_budgets_created_and_deleted_concurrently_exist_one_at_a_time(owner: Owner) -> None:
    app, member = owner
    spend(app, member, 90)
    principal = principal_of(app, member)

    def create() -> list[str]:
        return [attempt(lambda: create_budget(app.ctx, principal, {"amount": Decimal(100)})) for _ in range(3)]

    def delete() -> list[str]:
        return [attempt(lambda: remove_budget(app.ctx, principal)) for _ in range(3)]

    answers = Counter(
        one for part in race(create, create, delete, delete, make_checker(app, member, 4)) for one in outcomes_of(part)
    )
    assert answers.total() - answers["done"] == answers["Conflict"] + answers["NotFound"]
    settle(app)
    created = app.account_of(member).counts.budget_count
    assert 1 <= created == budget_actions(app, member).count("created")
    assert alerted_percents(app, member) == [50, 80] * created
    assert (budget_of(app, member) is None) == (budget_actions(app, member).count("deleted") == created)


def outcomes_of(part: Any) -> list[str]:
    return part if isinstance(part, list) else []


def attempt(call: Callable[[], Any]) -> str:
    try:
        call()
    except (Conflict, NotFound) as refused:
        return type(refused).__name__
    return "done"


def test_no_session_requested_after_the_limit_was_reached_starts(owner: Owner) -> None:
    """No check runs: only the session starts read the budget."""
    app, member = owner
    set_up_budget(app, member, limit_type="hard")
    key, reached = app.platform(), threading.Event()

    def use() -> None:
        for _ in range(10):
            make_sender(app, [usage_worth(app, member, 10)])()
        reached.set()

    def start(name: int) -> list[tuple[bool, Any]]:
        """Start sessions; note for each whether the limit was reached before the request."""
        answers: list[tuple[bool, Any]] = []
        for number in range(40):
            was_reached = reached.is_set()
            try:
                answer: Any = start_session(app.ctx, key, session_request(member, f"box-{name}-{number}"))
            except NotAdmitted as refused:
                answer = refused.reasons[0].code
            answers.append((was_reached, answer))
            if was_reached:
                break
        return answers

    _, *parts = race(use, *[lambda n=n: start(n) for n in range(4)])
    answers = [answer for part in parts for answer in part]
    started = [answer for answer in answers if isinstance(answer[1], Session)]
    assert started
    assert not any(was_reached for was_reached, _ in started)
    assert {code for _, code in answers if not isinstance(code, Session)} == {"budget_restricted"}
    assert app.account_of(member).counts.running_count == len(started)
    settle(app)
    assert budget_actions(app, member) == ["created", "threshold_reached", "restricted"]


def test_sessions_start_only_while_the_limit_is_lifted(owner: Owner) -> None:
    app, member = owner
    set_up_budget(app, member, limit_type="hard")
    spend(app, member, 100)
    principal, key, lifted = principal_of(app, member), app.platform(), threading.Event()

    def lift() -> None:
        change_budget(app.ctx, principal, {"amount": Decimal(200)})
        lifted.set()

    def start(name: int) -> list[tuple[bool, bool]]:
        answers = []
        for number in range(30):
            was_lifted = lifted.is_set()
            try:
                start_session(app.ctx, key, session_request(member, f"box-{name}-{number}"))
            except NotAdmitted:
                answers.append((was_lifted, False))
            else:
                answers.append((was_lifted, True))
            if was_lifted:
                break
        return answers

    done, alerts, *parts = race(lift, make_checker(app, member, 3), *[lambda n=n: start(n) for n in range(3)])
    assert (done, alerts in (0, 3)) == (None, True)
    answers = [answer for part in parts for answer in part]
    assert (True, False) not in answers
    settle(app)
    assert budget_actions(app, member).count("restricted") == budget_actions(app, member).count("restriction_lifted")
    change_budget(app.ctx, principal, {"amount": Decimal(100)})
    with pytest.raises(NotAdmitted):
        start_session(app.ctx, key, session_request(member))
    settle(app)


def test_a_plan_change_during_a_check_lifts_the_restriction(owner: Owner) -> None:
    app, member = owner
    set_up_budget(app, member, limit_type="hard")
    spend(app, member, 100)
    account = app.account_of(member)
    app.clock.advance(hours=12)
    changed, *alerts = race(
        lambda: change_plan(app.ctx, account, "pro", actor=OPERATOR, must_pay=False),
        make_checker(app, member, 3),
        make_sweeper(app),
    )
    assert isinstance(changed, ChangedPlan)
    assert sum(alerts) + settle(app) == 3
    assert alerted_percents(app, member) == [50, 80, 100]
    assert {message.amount for message in messages_of(app, member)} == {100 * UNIT}
    budget = budget_of(app, member)
    assert budget is not None
    assert (budget.restricted, budget.due) == (False, None)
    start_session(app.ctx, app.platform(), session_request(member))
