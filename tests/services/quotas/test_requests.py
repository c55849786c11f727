"""Quota requests: users file, change and withdraw them; root users decide."""

from collections.abc import Callable
from typing import Any

import pytest

from tallybook.domain.errors import Conflict, Forbidden, Invalid, NotFound, TooManyRequests, Unauthenticated
from tallybook.domain.limits import Limits
from tallybook.domain.quotas import QuotaRequest
from tallybook.services.accounts.team import delete_user
from tallybook.services.quotas import requests as quota_requests
from tallybook.services.quotas.allocations import list_allocations, revoke_allocation
from tallybook.services.quotas.requests import (
    change_request,
    file_request,
    list_own_requests,
    list_requests,
    withdraw_request,
)
from tallybook.services.quotas.reviews import review_request
from tests.support.allocations import allocate_to, create_team, principal_of, quota_actions, request_quota
from tests.support.app import App, Member
from tests.support.invariants import check_invariants


def refused(call: Callable[[], Any]) -> str | None:
    """The error code of an invalid call."""
    with pytest.raises(Invalid) as invalid:
        call()
    return invalid.value.code


def change(app: App, member: Member, filed: QuotaRequest, reason: str | None = None, **quota: int | None) -> Any:
    return change_request(app.ctx, principal_of(app, member), filed.id, quota, reason=reason)


def review(app: App, root: Member, filed: QuotaRequest, decision: Any, notes: str | None = None) -> QuotaRequest:
    return review_request(app.ctx, principal_of(app, root), filed.id, decision, notes=notes)


def allocations(app: App, root: Member) -> list[tuple[str, dict[str, int]]]:
    found = list_allocations(app.ctx, principal_of(app, root), include_inactive=True)
    return [(one.status, dict(one.quota)) for one in found]


def test_a_request_is_filed_changed_and_withdrawn(app: App) -> None:
    root, ada = create_team(app)
    filed = request_quota(app, ada, cpu_seconds_monthly=600, ram_gb_seconds=5)
    assert (filed.status, filed.reason) == ("pending", "It is not enough")
    changed = change(app, ada, filed, cpu_seconds_monthly=None, traffic_gb_seconds=0)
    assert changed.quota == {"ram_gb_seconds": 5, "traffic_gb_seconds": 0}
    assert change(app, ada, filed, reason="Now it is").reason == "Now it is"
    check_invariants(app)
    withdraw_request(app.ctx, principal_of(app, ada), filed.id)
    assert list_own_requests(app.ctx, principal_of(app, ada)) == []
    action_names = ["filed", "changed", "changed", "withdrawn"]
    assert quota_actions(app, root) == [f"quota_request.{action}" for action in action_names]
    check_invariants(app)


def test_a_user_has_one_pending_request_at_a_time(app: App) -> None:
    root, ada = create_team(app)
    first = request_quota(app, ada, cpu_seconds_monthly=600)
    assert refused(lambda: request_quota(app, ada, ram_gb_seconds=1)) == "request_pending"
    review(app, root, first, "deny")
    app.clock.advance(seconds=1)
    request_quota(app, ada, ram_gb_seconds=1)
    principal = principal_of(app, root)
    assert [one.status for one in list_requests(app.ctx, principal)] == ["pending", "denied"]
    assert [one.id for one in list_requests(app.ctx, principal, status="denied")] == [first.id]
    check_invariants(app)


def test_a_request_with_an_invalid_field_or_number_is_refused(app: App) -> None:
    _, ada = create_team(app)
    filed = request_quota(app, ada, cpu_seconds_monthly=600)
    assert refused(lambda: change(app, ada, filed, cpu_seconds_monthly=None)) == "no_quota_field"
    withdraw_request(app.ctx, principal_of(app, ada), filed.id)
    assert refused(lambda: request_quota(app, ada)) == "no_quota_field"
    assert refused(lambda: request_quota(app, ada, cpu_seconds_monthly=-1))
    assert refused(lambda: file_request(app.ctx, principal_of(app, ada), {"ram_gb_seconds": 1}, reason=" "))
    check_invariants(app)


def test_approving_a_first_request_allocates_exactly_its_fields(app: App) -> None:
    root, ada = create_team(app)
    filed = request_quota(app, ada, cpu_seconds_monthly=1000)
    assert review(app, root, filed, "approve", "Fine").review_notes == "Fine"
    assert allocations(app, root) == [("active", {"cpu_seconds_monthly": 1000})]
    assert quota_actions(app, root)[1:] == ["quota_request.approved", "quota_allocation.created"]
    check_invariants(app)


def test_approving_a_request_replaces_only_its_fields(app: App) -> None:
    root, ada = create_team(app)
    allocate_to(app, root, ada, cpu_seconds_monthly=900, concurrent_sandboxes=2)
    filed = request_quota(app, ada, cpu_seconds_monthly=100, ram_gb_seconds=7)
    decided = review(app, root, filed, "approve")
    assert (decided.status, decided.reviewed_by, decided.reviewed_at) == ("approved", root.user.id, app.clock.now())
    quota = {"cpu_seconds_monthly": 100, "concurrent_sandboxes": 2, "ram_gb_seconds": 7}
    assert allocations(app, root) == [("active", quota)]
    check_invariants(app)


def test_approving_after_a_revocation_creates_a_new_allocation(app: App) -> None:
    root, ada = create_team(app)
    before = allocate_to(app, root, ada, concurrent_sandboxes=2)
    filed = request_quota(app, ada, cpu_seconds_monthly=100)
    revoke_allocation(app.ctx, principal_of(app, root), before.id)
    review(app, root, filed, "approve")
    assert sorted(allocations(app, root)) == [
        ("active", {"cpu_seconds_monthly": 100}),
        ("revoked", {"concurrent_sandboxes": 2}),
    ]
    check_invariants(app)


def test_a_denied_request_changes_no_allocation(app: App) -> None:
    root, ada = create_team(app)
    allocate_to(app, root, ada, concurrent_sandboxes=2)
    assert review(app, root, request_quota(app, ada, concurrent_sandboxes=3), "deny").status == "denied"
    assert allocations(app, root) == [("active", {"concurrent_sandboxes": 2})]
    check_invariants(app)


def test_an_approval_that_exceeds_the_plan_changes_nothing(app: App) -> None:
    root, ada = create_team(app)
    filed = request_quota(app, ada, cpu_seconds_monthly=600)
    allocate_to(app, root, root, cpu_seconds_monthly=401)
    before = app.stored("core")
    assert refused(lambda: review(app, root, filed, "approve")) == "quota_exceeds_plan"
    assert app.stored("core") == before
    assert review(app, root, filed, "deny").status == "denied"
    check_invariants(app)


@pytest.mark.parametrize("decision", ["approve", "deny"])
def test_a_decided_request_can_not_be_decided_changed_or_withdrawn(app: App, decision: str) -> None:
    root, ada = create_team(app)
    filed = request_quota(app, ada, cpu_seconds_monthly=600)
    review(app, root, filed, decision)
    before = app.stored("core")
    for again in (
        lambda: review(app, root, filed, "approve"),
        lambda: review(app, root, filed, "deny"),
        lambda: change(app, ada, filed, cpu_seconds_monthly=1),
        lambda: withdraw_request(app.ctx, principal_of(app, ada), filed.id),
    ):
        assert refused(again) == "request_decided"
    assert app.stored("core") == before


def test_only_its_user_changes_a_request_and_only_a_root_user_decides(app: App) -> None:
    (root, ada), (other_root, _) = create_team(app), create_team(app)
    filed = request_quota(app, ada, cpu_seconds_monthly=600)
    for other in (root, other_root):
        with pytest.raises(NotFound):
            change(app, other, filed, cpu_seconds_monthly=1)
        with pytest.raises(NotFound):
            withdraw_request(app.ctx, principal_of(app, other), filed.id)
    with pytest.raises(NotFound):
        review(app, other_root, filed, "deny")
    with pytest.raises(Forbidden):
        review(app, ada, filed, "approve")
    with pytest.raises(Forbidden):
        list_requests(app.ctx, principal_of(app, ada))
    assert (
        list_requests(app.ctx, principal_of(app, other_root))
        == list_own_requests(app.ctx, principal_of(app, root))
        == []
    )
    assert list_own_requests(app.ctx, principal_of(app, ada)) == [filed]


def test_deleting_a_user_frees_their_allocation_and_deletes_the_request(app: App) -> None:
    root, ada = create_team(app)
    allocate_to(app, root, ada, cpu_seconds_monthly=900)
    request_quota(app, ada, cpu_seconds_monthly=1000)
    delete_user(app.ctx, principal_of(app, root), ada.user.id)
    assert list_requests(app.ctx, principal_of(app, root)) == []
    assert allocations(app, root) == [("revoked", {"cpu_seconds_monthly": 900})]
    assert app.account_of(root).allocated == {}
    check_invariants(app)


def test_a_request_of_a_user_deleted_since_their_read_is_refused(app: App) -> None:
    """Even if the account was read after the deletion: one batch read is not a snapshot."""
    root, ada = create_team(app)
    principal = principal_of(app, ada)
    delete_user(app.ctx, principal_of(app, root), ada.user.id)
    between = principal._replace(account=app.account_of(root))
    with pytest.raises(Unauthenticated):
        file_request(app.ctx, between, {"cpu_seconds_monthly": 1}, reason="It is not enough")
    check_invariants(app)


def test_at_the_limit_the_oldest_decided_request_is_deleted(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quota_requests, "MAX_REQUESTS", 3)
    root, ada = create_team(app)
    eve = app.colleague(root)
    app.clock.advance(seconds=1)
    pending = request_quota(app, eve, ram_gb_seconds=1)
    filed = [pending]
    for number in range(4):
        app.clock.advance(seconds=1)
        filed.append(request_quota(app, ada, ram_gb_seconds=number))
        review(app, root, filed[-1], "deny")
    kept = [one.id for one in list_requests(app.ctx, principal_of(app, root))]
    assert kept == [filed[4].id, filed[3].id, pending.id]
    check_invariants(app)


def test_at_the_limit_of_pending_requests_filing_is_refused(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quota_requests, "MAX_REQUESTS", 1)
    root, ada = create_team(app)
    request_quota(app, root, ram_gb_seconds=1)
    with pytest.raises(Conflict) as invalid:
        request_quota(app, ada, ram_gb_seconds=1)
    assert invalid.value.code == "too_many_pending"
    check_invariants(app)


def test_a_user_may_file_ten_requests_an_hour(app: App) -> None:
    app.reshape(limits=Limits())
    root, ada = create_team(app)
    for _ in range(10):
        withdraw_request(app.ctx, principal_of(app, ada), request_quota(app, ada, ram_gb_seconds=1).id)
    with pytest.raises(TooManyRequests):
        request_quota(app, ada, ram_gb_seconds=1)
    assert request_quota(app, root, ram_gb_seconds=1).status == "pending", "other users may still file"
    app.clock.advance(hours=1)
    assert request_quota(app, ada, ram_gb_seconds=1).status == "pending"
    check_invariants(app)
