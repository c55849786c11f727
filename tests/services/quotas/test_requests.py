"""Requests for another share: filed, changed and withdrawn by users, decided by root users."""

from collections.abc import Callable
from dataclasses import replace
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
    list_requests,
    own_requests,
    withdraw_request,
)
from tallybook.services.quotas.reviews import review_request
from tests.support.house import House, Member
from tests.support.invariants import check_invariants
from tests.support.shares import actions, caller, request, share, team


def refused(call: Callable[[], Any]) -> str | None:
    """The code of a 400."""
    with pytest.raises(Invalid) as told:
        call()
    return told.value.code


def change(house: House, member: Member, filed: QuotaRequest, reason: str | None = None, **quota: int | None) -> Any:
    return change_request(house.ctx, caller(house, member), filed.id, quota, reason=reason)


def review(house: House, root: Member, filed: QuotaRequest, decision: Any, notes: str | None = None) -> QuotaRequest:
    return review_request(house.ctx, caller(house, root), filed.id, decision, notes=notes)


def shares(house: House, root: Member) -> list[tuple[str, dict[str, int]]]:
    found = list_allocations(house.ctx, caller(house, root), include_inactive=True)
    return [(one.status, dict(one.quota)) for one in found]


def test_a_request_is_filed_changed_and_withdrawn(house: House) -> None:
    root, ada = team(house)
    filed = request(house, ada, cpu_seconds_monthly=600, ram_gb_seconds=5)
    assert (filed.status, filed.reason) == ("pending", "It is not enough")
    changed = change(house, ada, filed, cpu_seconds_monthly=None, traffic_gb_seconds=0)
    assert changed.quota == {"ram_gb_seconds": 5, "traffic_gb_seconds": 0}
    assert change(house, ada, filed, reason="Now it is").reason == "Now it is"
    check_invariants(house)
    withdraw_request(house.ctx, caller(house, ada), filed.id)
    assert own_requests(house.ctx, caller(house, ada)) == []
    words = ["filed", "changed", "changed", "withdrawn"]
    assert actions(house, root) == [f"quota_request.{word}" for word in words]
    check_invariants(house)


def test_a_user_has_one_pending_request_and_files_another_once_it_is_decided(house: House) -> None:
    root, ada = team(house)
    first = request(house, ada, cpu_seconds_monthly=600)
    assert refused(lambda: request(house, ada, ram_gb_seconds=1)) == "request_pending"
    review(house, root, first, "deny")
    house.clock.advance(seconds=1)
    request(house, ada, ram_gb_seconds=1)
    principal = caller(house, root)
    assert [one.status for one in list_requests(house.ctx, principal)] == ["pending", "denied"]
    assert [one.id for one in list_requests(house.ctx, principal, status="denied")] == [first.id]
    check_invariants(house)


def test_a_request_names_a_field_and_a_number_that_can_be(house: House) -> None:
    _, ada = team(house)
    filed = request(house, ada, cpu_seconds_monthly=600)
    assert refused(lambda: change(house, ada, filed, cpu_seconds_monthly=None)) == "no_quota_field"
    withdraw_request(house.ctx, caller(house, ada), filed.id)
    assert refused(lambda: request(house, ada)) == "no_quota_field"
    assert refused(lambda: request(house, ada, cpu_seconds_monthly=-1))
    assert refused(lambda: file_request(house.ctx, caller(house, ada), {"ram_gb_seconds": 1}, reason=" "))
    check_invariants(house)


def test_an_approved_request_is_a_first_share_of_just_that(house: House) -> None:
    root, ada = team(house)
    filed = request(house, ada, cpu_seconds_monthly=1000)
    assert review(house, root, filed, "approve", "Fine").review_notes == "Fine"
    assert shares(house, root) == [("active", {"cpu_seconds_monthly": 1000})]
    assert actions(house, root)[1:] == ["quota_request.approved", "quota_allocation.created"]
    check_invariants(house)


def test_an_approved_request_replaces_the_fields_that_it_names(house: House) -> None:
    root, ada = team(house)
    share(house, root, ada, cpu_seconds_monthly=900, concurrent_sandboxes=2)
    filed = request(house, ada, cpu_seconds_monthly=100, ram_gb_seconds=7)
    decided = review(house, root, filed, "approve")
    assert (decided.status, decided.reviewed_by, decided.reviewed_at) == ("approved", root.user.id, house.clock.now())
    quota = {"cpu_seconds_monthly": 100, "concurrent_sandboxes": 2, "ram_gb_seconds": 7}
    assert shares(house, root) == [("active", quota)]
    check_invariants(house)


def test_a_share_that_was_revoked_meanwhile_is_made_anew_by_approving(house: House) -> None:
    root, ada = team(house)
    before = share(house, root, ada, concurrent_sandboxes=2)
    filed = request(house, ada, cpu_seconds_monthly=100)
    revoke_allocation(house.ctx, caller(house, root), before.id)
    review(house, root, filed, "approve")
    assert sorted(shares(house, root)) == [
        ("active", {"cpu_seconds_monthly": 100}),
        ("revoked", {"concurrent_sandboxes": 2}),
    ]
    check_invariants(house)


def test_a_denied_request_changes_no_share(house: House) -> None:
    root, ada = team(house)
    share(house, root, ada, concurrent_sandboxes=2)
    assert review(house, root, request(house, ada, concurrent_sandboxes=3), "deny").status == "denied"
    assert shares(house, root) == [("active", {"concurrent_sandboxes": 2})]
    check_invariants(house)


def test_an_approval_that_does_not_fit_the_plan_any_more_changes_nothing(house: House) -> None:
    root, ada = team(house)
    filed = request(house, ada, cpu_seconds_monthly=600)
    share(house, root, root, cpu_seconds_monthly=401)
    before = house.stored("core")
    assert refused(lambda: review(house, root, filed, "approve")) == "quota_exceeds_plan"
    assert house.stored("core") == before
    assert review(house, root, filed, "deny").status == "denied"
    check_invariants(house)


@pytest.mark.parametrize("decision", ["approve", "deny"])
def test_what_is_decided_is_not_decided_changed_or_withdrawn_again(house: House, decision: str) -> None:
    root, ada = team(house)
    filed = request(house, ada, cpu_seconds_monthly=600)
    review(house, root, filed, decision)
    before = house.stored("core")
    for again in (
        lambda: review(house, root, filed, "approve"),
        lambda: review(house, root, filed, "deny"),
        lambda: change(house, ada, filed, cpu_seconds_monthly=1),
        lambda: withdraw_request(house.ctx, caller(house, ada), filed.id),
    ):
        assert refused(again) == "request_decided"
    assert house.stored("core") == before


def test_requests_are_their_users_to_change_and_their_roots_to_see_and_decide(house: House) -> None:
    (root, ada), (stranger, _) = team(house), team(house)
    filed = request(house, ada, cpu_seconds_monthly=600)
    for other in (root, stranger):
        with pytest.raises(NotFound):
            change(house, other, filed, cpu_seconds_monthly=1)
        with pytest.raises(NotFound):
            withdraw_request(house.ctx, caller(house, other), filed.id)
    with pytest.raises(NotFound):
        review(house, stranger, filed, "deny")
    with pytest.raises(Forbidden):
        review(house, ada, filed, "approve")
    with pytest.raises(Forbidden):
        list_requests(house.ctx, caller(house, ada))
    assert list_requests(house.ctx, caller(house, stranger)) == own_requests(house.ctx, caller(house, root)) == []
    assert own_requests(house.ctx, caller(house, ada)) == [filed]


def test_a_deleted_users_share_is_given_back_and_their_request_is_gone(house: House) -> None:
    root, ada = team(house)
    share(house, root, ada, cpu_seconds_monthly=900)
    request(house, ada, cpu_seconds_monthly=1000)
    delete_user(house.ctx, caller(house, root), ada.user.id)
    assert list_requests(house.ctx, caller(house, root)) == []
    assert shares(house, root) == [("revoked", {"cpu_seconds_monthly": 900})]
    assert house.account_of(root).allocated == {}
    check_invariants(house)


def test_a_request_of_a_user_who_was_read_before_their_deletion_is_refused(house: House) -> None:
    """Also where the account was read after it: a request reads both at once, but not as of one instant."""
    root, ada = team(house)
    principal = caller(house, ada)
    delete_user(house.ctx, caller(house, root), ada.user.id)
    between = replace(principal, account=house.account_of(root))
    with pytest.raises(Unauthenticated):
        file_request(house.ctx, between, {"cpu_seconds_monthly": 1}, reason="It is not enough")
    check_invariants(house)


def test_there_are_only_so_many_and_the_oldest_decided_one_makes_room(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quota_requests, "MAX_REQUESTS", 3)
    root, ada = team(house)
    eve = house.colleague(root)
    house.clock.advance(seconds=1)
    pending = request(house, eve, ram_gb_seconds=1)
    filed = [pending]
    for number in range(4):
        house.clock.advance(seconds=1)
        filed.append(request(house, ada, ram_gb_seconds=number))
        review(house, root, filed[-1], "deny")
    kept = [one.id for one in list_requests(house.ctx, caller(house, root))]
    assert kept == [filed[4].id, filed[3].id, pending.id]
    check_invariants(house)


def test_where_all_of_them_wait_there_is_no_room(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quota_requests, "MAX_REQUESTS", 1)
    root, ada = team(house)
    request(house, root, ram_gb_seconds=1)
    with pytest.raises(Conflict) as told:
        request(house, ada, ram_gb_seconds=1)
    assert told.value.code == "too_many_pending"
    check_invariants(house)


def test_one_user_files_ten_an_hour_for_the_account_is_told_of_each(house: House) -> None:
    house.reshape(limits=Limits())
    root, ada = team(house)
    for _ in range(10):
        withdraw_request(house.ctx, caller(house, ada), request(house, ada, ram_gb_seconds=1).id)
    with pytest.raises(TooManyRequests):
        request(house, ada, ram_gb_seconds=1)
    assert request(house, root, ram_gb_seconds=1).status == "pending", "others are not kept from it"
    house.clock.advance(hours=1)
    assert request(house, ada, ram_gb_seconds=1).status == "pending"
    check_invariants(house)
