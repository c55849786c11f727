"""Shares of a plan that nobody gives, changes or takes: by whom, of whom, and which."""

from collections.abc import Callable
from typing import Any

import pytest

from tallybook.domain import quotas
from tallybook.domain.errors import Conflict, Forbidden, NotFound
from tallybook.services.accounts.team import delete_user
from tallybook.services.quotas import allocation_changes
from tallybook.services.quotas.allocations import (
    allocate,
    change_allocation,
    list_allocations,
    remove_allocation,
    revoke_allocation,
)
from tests.services.quotas.test_allocations import refused, user_of
from tests.support.cloud import make_context
from tests.support.house import House
from tests.support.invariants import check_invariants
from tests.support.shares import caller, share, team


def test_only_root_users_see_and_give_shares(house: House) -> None:
    root, ada = team(house)
    one = share(house, root, ada, cpu_seconds_monthly=1)
    principal = caller(house, ada)
    for call in (
        lambda: list_allocations(house.ctx, principal, include_inactive=True),
        lambda: allocate(house.ctx, principal, ada.user.id, {}),
        lambda: change_allocation(house.ctx, principal, one.id, {"cpu_seconds_monthly": 2}),
        lambda: revoke_allocation(house.ctx, principal, one.id),
        lambda: remove_allocation(house.ctx, principal, one.id),
    ):
        with pytest.raises(Forbidden) as told:
            call()
        assert told.value.code == "root_user_required"
    assert user_of(house, ada).quota == {"cpu_seconds_monthly": 1}


def test_what_is_another_accounts_or_gone_is_not_found(house: House) -> None:
    (root, ada), (stranger, other) = team(house), team(house)
    one = share(house, root, ada, cpu_seconds_monthly=1)
    delete_user(house.ctx, caller(house, stranger), other.user.id)
    principal = caller(house, stranger)
    for call in (
        lambda: allocate(house.ctx, principal, ada.user.id, {}),
        lambda: allocate(house.ctx, principal, other.user.id, {}),
        lambda: change_allocation(house.ctx, principal, one.id, {}),
        lambda: revoke_allocation(house.ctx, principal, one.id),
        lambda: remove_allocation(house.ctx, principal, one.id),
    ):
        with pytest.raises(NotFound):
            call()
    check_invariants(house)


def test_a_revoked_share_changes_no_more_and_is_deleted_without_a_trace_in_the_sums(house: House) -> None:
    root, ada = team(house)
    one = share(house, root, ada, cpu_seconds_monthly=1)
    revoke_allocation(house.ctx, caller(house, root), one.id)
    principal = caller(house, root)
    assert refused(lambda: change_allocation(house.ctx, principal, one.id, {}))[0] == "allocation_not_active"
    assert refused(lambda: revoke_allocation(house.ctx, principal, one.id))[0] == "allocation_not_active"
    share(house, root, ada, cpu_seconds_monthly=7)
    remove_allocation(house.ctx, caller(house, root), one.id)
    assert house.account_of(root).allocated == user_of(house, ada).quota == {"cpu_seconds_monthly": 7}
    check_invariants(house)


def test_there_are_only_so_many_revoked_ones_included(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(allocation_changes, "MAX_ALLOCATIONS", 2)
    root, ada = team(house)
    for _ in range(2):
        one = share(house, root, ada)
        revoke_allocation(house.ctx, caller(house, root), one.id)
    with pytest.raises(Conflict) as told:
        share(house, root, ada)
    assert told.value.code == "too_many_allocations"
    remove_allocation(house.ctx, caller(house, root), one.id)
    assert share(house, root, ada).quota == {}
    assert quotas.MAX_ALLOCATIONS == 1000


def test_who_is_no_root_user_any_more_by_then_gives_nothing(house: House) -> None:
    root, ada = team(house)
    principal, demoted = caller(house, root), []

    def demote_first(operation: str, call: Callable[[], Any]) -> Any:
        if operation == "transact_write_items" and not demoted:
            demoted.append(True)
            house.change_user(root, is_root=False)
            house.change_user(ada, is_root=True)
        return call()

    slow = make_context(house.client, port=demote_first, clock=house.clock)
    with pytest.raises(Forbidden):
        allocate(slow, principal, ada.user.id, {"cpu_seconds_monthly": 1})
    assert user_of(house, ada).quota == {}
    check_invariants(house)
