"""A crash at any external call loses no allocation or request, counts none twice, and leaves no half decision."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest

from tallybook.domain.errors import Invalid, NotFound
from tallybook.domain.jobs import USAGE_CHECK
from tallybook.domain.quotas import Decision
from tallybook.services.accounts.team import delete_user
from tallybook.services.jobs.due_tasks import due_tasks
from tallybook.services.jobs.usage_check import run_task
from tallybook.services.metering.sessions import start_session
from tallybook.services.quotas.allocations import (
    allocate,
    change_allocation,
    list_allocations,
    remove_allocation,
    revoke_allocation,
)
from tallybook.services.quotas.requests import change_request, file_request, list_requests, withdraw_request
from tallybook.services.quotas.reviews import review_request
from tests.simulation.conftest import Sweep
from tests.support.allocations import (
    create_team,
    create_team_with_allocation,
    principal_of,
    quota_actions,
    request_quota,
)
from tests.support.app import App, Member
from tests.support.sessions import session_request

type Act = Callable[[App, Any], Any]
WHY = "It is not enough"


def with_request(app: App) -> tuple[Member, Member, str]:
    root, ada = create_team(app)
    return root, ada, request_quota(app, ada, cpu_seconds_monthly=600).id


def with_both(app: App) -> tuple[Member, Member, str]:
    root, ada, _ = create_team_with_allocation(app)
    return root, ada, request_quota(app, ada, cpu_seconds_monthly=600).id


def accept_done(call: Callable[[], Any]) -> Any:
    """Call as a retrying client does, who accepts that it is done already."""
    with suppress(Invalid, NotFound):
        return call()


def give(app: App, known: Any) -> Any:
    return accept_done(
        lambda: allocate(app.ctx, principal_of(app, known[0]), known[1].user.id, {"cpu_seconds_monthly": 1000})
    )


def raise_it(app: App, known: Any) -> Any:
    return change_allocation(app.ctx, principal_of(app, known[0]), known[2], {"cpu_seconds_monthly": 1000})


def revoke(app: App, known: Any) -> Any:
    return accept_done(lambda: revoke_allocation(app.ctx, principal_of(app, known[0]), known[2]))


def remove(app: App, known: Any) -> Any:
    return accept_done(lambda: remove_allocation(app.ctx, principal_of(app, known[0]), known[2]))


@pytest.mark.parametrize(
    ("prepare", "act", "calls", "word", "sums", "rows"),
    [
        (create_team, give, 4, "created", {"cpu_seconds_monthly": 1000}, ["active"]),
        (
            create_team_with_allocation,
            raise_it,
            4,
            "changed",
            {"cpu_seconds_monthly": 1000, "concurrent_sandboxes": 2},
            ["active"],
        ),
        (create_team_with_allocation, revoke, 3, "revoked", {}, ["revoked"]),
        (create_team_with_allocation, remove, 3, "deleted", {}, []),
    ],
)
def test_an_allocation_created_changed_revoked_and_deleted(
    sweep: Sweep, prepare: Act, act: Act, *, calls: int, word: str, sums: dict[str, int], rows: list[str]
) -> None:
    def check(app: App, known: Any, _: Any) -> None:
        assert app.account_of(known[0]).allocated == sums
        found = list_allocations(app.ctx, principal_of(app, known[0]), include_inactive=True)
        assert [one.status for one in found] == rows
        assert quota_actions(app, known[0]).count(f"quota_allocation.{word}") == 1

    assert sweep(prepare, act, check) == calls


def file(app: App, known: Any) -> Any:
    return accept_done(
        lambda: file_request(app.ctx, principal_of(app, known[1]), {"cpu_seconds_monthly": 600}, reason=WHY)
    )


def change(app: App, known: Any) -> Any:
    return change_request(app.ctx, principal_of(app, known[1]), known[2], {"ram_gb_seconds": 7}, reason="More of it")


def withdraw(app: App, known: Any) -> Any:
    return accept_done(lambda: withdraw_request(app.ctx, principal_of(app, known[1]), known[2]))


@pytest.mark.parametrize(
    ("prepare", "act", "calls", "word", "rows"),
    [
        (create_team, file, 2, "filed", [{"cpu_seconds_monthly": 600}]),
        (with_request, change, 3, "changed", [{"cpu_seconds_monthly": 600, "ram_gb_seconds": 7}]),
        (with_request, withdraw, 3, "withdrawn", []),
    ],
)
def test_a_request_filed_changed_and_withdrawn(
    sweep: Sweep, prepare: Act, act: Act, *, calls: int, word: str, rows: list[dict[str, int]]
) -> None:
    def check(app: App, known: Any, _: Any) -> None:
        found = list_requests(app.ctx, principal_of(app, known[0]))
        assert [(one.quota, one.status) for one in found] == [(row, "pending") for row in rows]
        assert quota_actions(app, known[0]).count(f"quota_request.{word}") == 1

    assert sweep(prepare, act, check) == calls


@pytest.mark.parametrize(
    ("prepare", "decision", "calls", "sums"),
    [
        (with_request, "approve", 5, {"cpu_seconds_monthly": 600}),
        (with_both, "approve", 5, {"cpu_seconds_monthly": 600, "concurrent_sandboxes": 2}),
        (with_request, "deny", 5, {}),
    ],
)
def test_a_request_decided(sweep: Sweep, prepare: Act, decision: Decision, *, calls: int, sums: dict[str, int]) -> None:
    def review(app: App, known: Any) -> Any:
        return accept_done(lambda: review_request(app.ctx, principal_of(app, known[0]), known[2], decision))

    def check(app: App, known: Any, _: Any) -> None:
        (found,) = list_requests(app.ctx, principal_of(app, known[0]))
        assert found.status == {"approve": "approved", "deny": "denied"}[decision]
        assert app.account_of(known[0]).allocated == sums
        mails = [item["body"]["letter"] for item in app.stored("core", "OUTBOX") if item["kind"] == "mail"]
        assert mails.count("quota_reviewed") == 1

    assert sweep(prepare, review, check) == calls


def test_a_deleted_user_with_an_allocation_a_request_and_a_session(sweep: Sweep) -> None:
    def prepare(app: App) -> Any:
        known = with_both(app)
        start_session(app.ctx, app.platform(), session_request(known[1]))
        return known

    def delete(app: App, known: Any) -> Any:
        return accept_done(lambda: delete_user(app.ctx, principal_of(app, known[0]), known[1].user.id))

    def check(app: App, known: Any, _: Any) -> None:
        account = app.account_of(known[0])
        assert (account.allocated, account.counts.request_count, account.counts.running_count) == ({}, 0, 1)
        assert quota_actions(app, known[0])[-2:] == ["quota_allocation.revoked", "quota_request.withdrawn"]
        app.clock.advance(hours=2)
        (expired,) = [run_task(app.ctx, task) for task in due_tasks(app.ctx, USAGE_CHECK) if task.kind == "expire"]
        assert expired == ["expired"]

    assert sweep(prepare, delete, check) == 4
