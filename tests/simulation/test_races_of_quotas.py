"""Concurrent allocations, quota requests and quota mails; a fifth of the writes conflict."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from tallybook.domain.audit import OPERATOR
from tallybook.domain.errors import Invalid, NotFound, Unauthenticated
from tallybook.domain.jobs import USAGE_CHECK
from tallybook.domain.quotas import Allocation, QuotaRequest
from tallybook.services.accounts.team import delete_user
from tallybook.services.jobs.due_tasks import due_tasks
from tallybook.services.jobs.usage_check import check_usage, run_task
from tallybook.services.quotas.allocations import allocate, change_allocation, list_allocations, revoke_allocation
from tallybook.services.quotas.requests import change_request, file_request, list_requests, withdraw_request
from tallybook.services.quotas.reviews import review_request
from tallybook.services.subscriptions.change_plan import ChangedPlan, change_plan
from tests.support.allocations import allocate_to, principal_of, request_quota, set_plan_limits
from tests.support.app import App, Member
from tests.support.invariants import check_invariants
from tests.support.race import deal_out, race


def refusal_codes(answers: list[Any]) -> list[str | None]:
    """The codes of the refused calls."""
    return [answer.code for answer in answers if isinstance(answer, Invalid)]


def statuses(app: App, root: Member) -> list[str]:
    return sorted(one.status for one in list_requests(app.ctx, principal_of(app, root)))


@pytest.fixture
def team(crowded_app: App) -> tuple[App, Member, Member, Member]:
    """A root user and two others, of an account with 1,000 CPU seconds and 5 sandboxes."""
    app = crowded_app
    set_plan_limits(app, cpu_seconds_monthly=1000)
    root = app.member()
    return app, root, app.colleague(root), app.colleague(root)


type Team = tuple[App, Member, Member, Member]


@pytest.mark.parametrize("decisions", [("approve", "approve"), ("approve", "deny"), ("deny", "deny")])
def test_a_request_is_decided_once(team: Team, decisions: tuple[Any, Any]) -> None:
    app, root, ada, _ = team
    filed, principal = request_quota(app, ada, cpu_seconds_monthly=600), principal_of(app, root)
    answers = race(*[lambda d=d: review_request(app.ctx, principal, filed.id, d) for d in decisions])
    assert refusal_codes(answers) == ["request_decided"]
    (decided,) = [answer for answer in answers if isinstance(answer, QuotaRequest)]
    assert statuses(app, root) == [decided.status]
    assert len(list_allocations(app.ctx, principal, include_inactive=True)) == (decided.status == "approved")
    check_invariants(app)


def test_of_two_approvals_that_do_not_fit_one_stays_pending(team: Team) -> None:
    app, root, *users = team
    filed, principal = [request_quota(app, user, cpu_seconds_monthly=600) for user in users], principal_of(app, root)
    answers = race(*[lambda i=one.id: review_request(app.ctx, principal, i, "approve") for one in filed])
    assert refusal_codes(answers) == ["quota_exceeds_plan"]
    assert statuses(app, root) == ["approved", "pending"]
    assert app.account_of(root).allocated == {"cpu_seconds_monthly": 600}
    check_invariants(app)


def test_concurrent_allocations_never_exceed_the_plan(team: Team) -> None:
    app, root, *users = team
    principal = principal_of(app, root)
    answers = race(
        *[
            lambda u=user: allocate(app.ctx, principal, u.user.id, {"cpu_seconds_monthly": 400})
            for user in [root, *users] * 2
        ]
    )
    assert sum(isinstance(answer, Allocation) for answer in answers) == 2
    codes = Counter(refusal_codes(answers))
    assert codes.total() == 4
    assert codes.keys() <= {"quota_exceeds_plan", "allocation_exists"}
    assert app.account_of(root).allocated == {"cpu_seconds_monthly": 800}
    check_invariants(app)


def test_of_an_allocation_and_a_raise_that_exceed_the_plan_one_is_refused(team: Team) -> None:
    app, root, ada, bob = team
    before, principal = allocate_to(app, root, ada, cpu_seconds_monthly=400), principal_of(app, root)
    answers = race(
        lambda: change_allocation(app.ctx, principal, before.id, {"cpu_seconds_monthly": 700}),
        lambda: allocate(app.ctx, principal, bob.user.id, {"cpu_seconds_monthly": 600}),
    )
    assert refusal_codes(answers) == ["quota_exceeds_plan"]
    assert app.account_of(root).allocated["cpu_seconds_monthly"] in (700, 1000)
    check_invariants(app)


def test_a_freed_quota_is_allocated_only_once(team: Team) -> None:
    app, root, *users = team
    before, principal = allocate_to(app, root, root, cpu_seconds_monthly=600), principal_of(app, root)
    gave, *answers = race(
        lambda: revoke_allocation(app.ctx, principal, before.id),
        *[lambda u=user: allocate(app.ctx, principal, u.user.id, {"cpu_seconds_monthly": 600}) for user in users],
    )
    assert gave.status == "revoked"
    made = sum(isinstance(answer, Allocation) for answer in answers)
    assert made <= 1
    assert refusal_codes(answers) == ["quota_exceeds_plan"] * (2 - made)
    check_invariants(app)


def test_an_allocation_and_a_too_small_plan_do_not_both_succeed(crowded_app: App) -> None:
    app = crowded_app
    set_plan_limits(app, free_plan="pro")
    root = app.member()
    principal, account = principal_of(app, root), app.account_of(root)
    app.clock.advance(hours=12)
    allocated, changed = race(
        lambda: allocate(app.ctx, principal, root.user.id, {"concurrent_sandboxes": 20}),
        lambda: change_plan(app.ctx, account, "hobby", actor=OPERATOR, must_pay=False),
    )
    assert refusal_codes([allocated, changed]) == ["quota_exceeds_plan"]
    assert isinstance(allocated, Allocation) != isinstance(changed, ChangedPlan)
    check_invariants(app)


def test_a_user_deleted_concurrently_has_no_allocation_and_no_request(team: Team) -> None:
    app, root, ada, bob = team
    principal, asking = principal_of(app, root), principal_of(app, bob)
    given, first, filed, second = race(
        lambda: allocate(app.ctx, principal, ada.user.id, {"cpu_seconds_monthly": 10}),
        lambda: delete_user(app.ctx, principal, ada.user.id),
        lambda: file_request(app.ctx, asking, {"cpu_seconds_monthly": 10}, reason="It is not enough"),
        lambda: delete_user(app.ctx, principal, bob.user.id),
    )
    assert first is second is None
    assert isinstance(given, Allocation | NotFound)
    assert isinstance(filed, QuotaRequest | Unauthenticated)
    assert app.account_of(root).allocated == {}
    assert statuses(app, root) == []
    check_invariants(app)


def test_of_a_concurrent_withdrawal_change_and_decision_one_wins(team: Team) -> None:
    app, root, ada, _ = team
    filed, principal, asking = (
        request_quota(app, ada, cpu_seconds_monthly=600),
        principal_of(app, root),
        principal_of(app, ada),
    )
    changed, gone, decided = race(
        lambda: change_request(app.ctx, asking, filed.id, {"cpu_seconds_monthly": 300}),
        lambda: withdraw_request(app.ctx, asking, filed.id),
        lambda: review_request(app.ctx, principal, filed.id, "approve"),
    )
    assert isinstance(changed, QuotaRequest | NotFound | Invalid)
    if gone is None:
        assert isinstance(decided, NotFound)
        assert (statuses(app, root), app.account_of(root).allocated) == ([], {})
    else:
        assert refusal_codes([gone]) == ["request_decided"]
        assert app.account_of(root).allocated == decided.quota
    check_invariants(app)


def notified_percentages(app: App) -> list[set[str]]:
    """The percentages of each quota mail, by its audit entry."""
    entries = [item for item in app.stored("core", "AUDIT#") if item["action"] == "quota_allocation.reached"]
    mails = [item for item in app.stored("core", "OUTBOX") if item.get("body", {}).get("letter") == "quota_reached"]
    assert len(entries) == len(mails)
    return [{f"{name} {percent}" for name, percent in entry["after"].items() if name != "user_id"} for entry in entries]


def test_each_percentage_is_mailed_once_under_concurrent_checks(team: Team) -> None:
    app, root, ada, bob = team
    for user in (ada, bob):
        allocate_to(app, root, user, cpu_seconds_monthly=500, template_storage_gb=10)
    events = [app.event(root, quantity=50, user_id=user.user_id) for user in (ada, bob) for _ in range(10)]
    events += [app.event(root, meter="template_storage_gb_hours", quantity=1, user_id=ada.user_id) for _ in range(10)]

    def send(some: list[dict[str, Any]]) -> Callable[[], None]:
        def call() -> None:
            for event in some:
                assert [result.status for result in app.record(event)] == ["accepted"]

        return call

    def check_due() -> int:
        return sum(len(check_usage(app.ctx, root.account.id)) for _ in range(4))

    *sent, first, second, third = race(*[send(some) for some in deal_out(events, 3)], check_due, check_due, check_due)
    assert sent == [None] * 3
    check_invariants(app)
    last = sum(len(run_task(app.ctx, task)) for task in list(due_tasks(app.ctx, USAGE_CHECK)))
    check_invariants(app)
    assert first + second + third + last == len(notified_percentages(app))
    counted = Counter(one for mail in notified_percentages(app) for one in mail)
    assert (counted["cpu_seconds_monthly 100"], counted["template_storage_gb 100"]) == (2, 1)
    assert counted["cpu_seconds_monthly 80"] <= 2
    assert counted["template_storage_gb 80"] <= 1
    assert list(due_tasks(app.ctx, USAGE_CHECK)) == []
