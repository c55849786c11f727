"""A crash at any external call of the operator's commands."""

from contextlib import suppress
from typing import Any

import pytest

from tallybook.domain.credentials import PlatformCaller
from tallybook.domain.errors import Conflict, NotFound, Unauthenticated
from tallybook.services.accounts.invitations import Invitation
from tallybook.services.accounts.operator import (
    confirm_email,
    create_account,
    create_key,
    invite,
    resume_user,
    revoke_key,
    suspend_user,
)
from tallybook.services.billing.apply_catalog import apply_catalog
from tallybook.services.identity.authenticate import authenticate, authorize_platform
from tallybook.services.identity.platform_keys import create_platform_key, list_platform_keys, revoke_platform_key
from tallybook.services.lookup import all_users, find_account, find_by_email
from tests.simulation.conftest import Sweep
from tests.support.app import App, Member


def actions(app: App, action: str) -> int:
    return len([item for item in app.stored("core") if item.get("action") == action])


def test_an_account(sweep: Sweep) -> None:
    def act(app: App, _: Any) -> None:
        with suppress(Conflict):
            create_account(app.ctx, email="ada@example.com", name="Ada", display_name="Acme")

    def check(app: App, _: Any, __: Any) -> None:
        account, user = find_by_email(app.ctx, "ada@example.com")
        assert (account.display_name, account.wallet.balance, user.name, user.is_root) == (
            "Acme",
            1_000_000,
            "Ada",
            True,
        )
        assert actions(app, "account.registered") == 1
        assert len(app.deliver().mails_to("ada@example.com")) == 1

    assert sweep(lambda _: None, act, check) == 2


def test_a_user_invited_suspended_and_resumed(sweep: Sweep) -> None:
    def add(app: App, member: Member) -> None:
        with suppress(Conflict):
            invite(app.ctx, member.account.id, Invitation("ada@example.com"))

    def added(app: App, member: Member, _: Any) -> None:
        assert len(all_users(app.ctx, member.account.id)) == 2
        assert len(app.deliver().mails_to("ada@example.com")) == 1

    def suspend(app: App, member: Member) -> Any:
        return suspend_user(app.ctx, member.account.id, member.user.id, reason="stolen")

    def suspended(app: App, _: Any, user: Any) -> None:
        assert (user.status, user.suspension_reason) == ("suspended", "stolen")
        assert actions(app, "user.suspended") == 1

    def prepare(app: App) -> Member:
        member = app.member()
        suspend(app, member)
        return member

    def resume(app: App, member: Member) -> Any:
        return resume_user(app.ctx, member.account.id, member.user.id)

    def resumed(app: App, member: Member, user: Any) -> None:
        assert user.status == "active"
        assert actions(app, "user.resumed") == 1
        assert authenticate(app.ctx, member.api_key)

    assert sweep(App.member, add, added) == 2
    assert sweep(App.member, suspend, suspended) == 2
    assert sweep(prepare, resume, resumed) == 2


def test_a_key_made_and_revoked(sweep: Sweep) -> None:
    def create(app: App, member: Member) -> Any:
        return create_key(app.ctx, member.account.id, member.user.id, name="ci")

    def created(app: App, _: Any, made: Any) -> None:
        assert authenticate(app.ctx, made.text)

    def prepare(app: App) -> Any:
        member = app.member()
        return member, create(app, member)

    def revoke(app: App, prepared: Any) -> None:
        with suppress(NotFound):
            revoke_key(app.ctx, prepared[0].account.id, prepared[1].key.id)

    def revoked(app: App, prepared: Any, _: Any) -> None:
        assert find_account(app.ctx, prepared[0].account.id).counts.key_count == 1
        assert actions(app, "api_key.revoked") == 1

    assert sweep(App.member, create, created) == 2
    assert sweep(prepare, revoke, revoked) == 3


def test_a_platform_key_created_used_and_revoked(sweep: Sweep) -> None:
    def create(app: App, _: Any) -> Any:
        return create_platform_key(app.ctx, name="metal", scopes=["usage:write"])

    def created(app: App, _: Any, made: Any) -> None:
        assert list_platform_keys(app.ctx)[0] == made.key
        assert len(list_platform_keys(app.ctx)) == actions(app, "platform_key.created")

    def use(app: App, made: Any) -> Any:
        return authorize_platform(app.ctx, PlatformCaller(made.text), "usage:write")

    def used(app: App, _: Any, __: Any) -> None:
        assert list_platform_keys(app.ctx)[0].last_used_at == app.clock.now()

    def revoke(app: App, made: Any) -> None:
        with suppress(NotFound):
            revoke_platform_key(app.ctx, made.key.id)

    def revoked(app: App, made: Any, _: Any) -> None:
        with pytest.raises(Unauthenticated):
            use(app, made)
        assert list_platform_keys(app.ctx) == []
        assert actions(app, "platform_key.revoked") == 1

    def prepare(app: App) -> Any:
        return create(app, None)

    assert sweep(lambda _: None, create, created) == 5  # the first key makes the list, too
    assert sweep(prepare, create, created) == 2
    assert sweep(prepare, use, used) == 2
    assert sweep(prepare, revoke, revoked) == 3


def test_a_catalog(sweep: Sweep) -> None:
    def apply(app: App, _: Any) -> Any:
        return apply_catalog(app.ctx, app.catalog_data() | {"welcome_credit": 5})

    def applied(app: App, _: Any, catalog: Any) -> None:
        assert (catalog.version, catalog.welcome_credit) == (2, 5)
        assert actions(app, "catalog.applied") == 2

    assert sweep(lambda _: None, apply, applied) == 2  # the current version, the transaction


def test_a_confirmed_email(sweep: Sweep) -> None:
    def confirm(app: App, member: Member) -> None:
        confirm_email(app.ctx, member.account.id)

    def check(app: App, member: Member, _: Any) -> None:
        assert not app.account_of(member).email_unconfirmed
        assert actions(app, "account.email_confirmed") == 1

    assert sweep(lambda app: app.member(), confirm, check) == 2
