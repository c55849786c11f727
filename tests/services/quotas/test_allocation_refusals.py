"""Refused changes of allocations: by the wrong user, of another account, or beyond a limit."""

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
from tests.support.allocations import allocate_to, catch_invalid, create_team, principal_of, read_user_of
from tests.support.app import App
from tests.support.cloud import make_context
from tests.support.invariants import check_invariants


def test_only_root_users_may_read_and_change_allocations(app: App) -> None:
    root, ada = create_team(app)
    one = allocate_to(app, root, ada, cpu_seconds_monthly=1)
    principal = principal_of(app, ada)
    for call in (
        lambda: list_allocations(app.ctx, principal, include_inactive=True),
        lambda: allocate(app.ctx, principal, ada.user.id, {}),
        lambda: change_allocation(app.ctx, principal, one.id, {"cpu_seconds_monthly": 2}),
        lambda: revoke_allocation(app.ctx, principal, one.id),
        lambda: remove_allocation(app.ctx, principal, one.id),
    ):
        with pytest.raises(Forbidden) as refused:
            call()
        assert refused.value.code == "root_user_required"
    assert read_user_of(app, ada).quota == {"cpu_seconds_monthly": 1}


def test_another_accounts_or_deleted_allocation_is_not_found(app: App) -> None:
    (root, ada), (other_root, other) = create_team(app), create_team(app)
    one = allocate_to(app, root, ada, cpu_seconds_monthly=1)
    delete_user(app.ctx, principal_of(app, other_root), other.user.id)
    principal = principal_of(app, other_root)
    for call in (
        lambda: allocate(app.ctx, principal, ada.user.id, {}),
        lambda: allocate(app.ctx, principal, other.user.id, {}),
        lambda: change_allocation(app.ctx, principal, one.id, {}),
        lambda: revoke_allocation(app.ctx, principal, one.id),
        lambda: remove_allocation(app.ctx, principal, one.id),
    ):
        with pytest.raises(NotFound):
            call()
    check_invariants(app)


def test_a_revoked_allocation_can_only_be_deleted(app: App) -> None:
    root, ada = create_team(app)
    one = allocate_to(app, root, ada, cpu_seconds_monthly=1)
    revoke_allocation(app.ctx, principal_of(app, root), one.id)
    principal = principal_of(app, root)
    assert catch_invalid(lambda: change_allocation(app.ctx, principal, one.id, {}))[0] == "allocation_not_active"
    assert catch_invalid(lambda: revoke_allocation(app.ctx, principal, one.id))[0] == "allocation_not_active"
    allocate_to(app, root, ada, cpu_seconds_monthly=7)
    remove_allocation(app.ctx, principal_of(app, root), one.id)
    assert app.account_of(root).allocated == read_user_of(app, ada).quota == {"cpu_seconds_monthly": 7}
    check_invariants(app)


def test_the_number_of_allocations_is_limited_revoked_ones_included(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(allocation_changes, "MAX_ALLOCATIONS", 2)
    root, ada = create_team(app)
    for _ in range(2):
        one = allocate_to(app, root, ada)
        revoke_allocation(app.ctx, principal_of(app, root), one.id)
    with pytest.raises(Conflict) as refused:
        allocate_to(app, root, ada)
    assert refused.value.code == "too_many_allocations"
    remove_allocation(app.ctx, principal_of(app, root), one.id)
    assert allocate_to(app, root, ada).quota == {}
    assert quotas.MAX_ALLOCATIONS == 1000


def test_a_user_demoted_before_the_write_can_not_allocate(app: App) -> None:
    root, ada = create_team(app)
    principal, demoted = principal_of(app, root), []

    def demote_first(operation: str, call: Callable[[], Any]) -> Any:
        if operation == "transact_write_items" and not demoted:
            demoted.append(True)
            app.change_user(root, is_root=False)
            app.change_user(ada, is_root=True)
        return call()

    slow = make_context(app.client, interceptor=demote_first, clock=app.clock)
    with pytest.raises(Forbidden):
        allocate(slow, principal, ada.user.id, {"cpu_seconds_monthly": 1})
    assert read_user_of(app, ada).quota == {}
    check_invariants(app)
