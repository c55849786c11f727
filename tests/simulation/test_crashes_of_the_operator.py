"""A crash at any external call of what the operator does by command."""

from contextlib import suppress
from typing import Any

from tallybook.domain.errors import Conflict, NotFound
from tallybook.services.accounts.operator import (
    create_account,
    create_key,
    invite,
    resume_user,
    revoke_key,
    suspend_user,
)
from tallybook.services.accounts.team import Invitation, all_users
from tallybook.services.billing.apply_catalog import apply_catalog
from tallybook.services.identity.authenticate import authenticate
from tallybook.services.identity.platform_keys import create_platform_key
from tallybook.services.lookup import find_account, find_by_email
from tests.simulation.conftest import Sweep
from tests.support.house import House, Member


def actions(house: House, action: str) -> int:
    return len([item for item in house.stored("core") if item.get("action") == action])


def test_an_account(sweep: Sweep) -> None:
    def act(house: House, _: Any) -> None:
        with suppress(Conflict):
            create_account(house.ctx, email="ada@example.com", name="Ada", display_name="Acme")

    def check(house: House, _: Any, __: Any) -> None:
        account, user = find_by_email(house.ctx, "ada@example.com")
        assert (account.display_name, account.balance, user.name, user.is_root) == ("Acme", 1_000_000, "Ada", True)
        assert actions(house, "account.registered") == 1
        assert len(house.deliver().to("ada@example.com")) == 1

    assert sweep(lambda _: None, act, check) == 2


def test_a_user_invited_suspended_and_resumed(sweep: Sweep) -> None:
    def add(house: House, member: Member) -> None:
        with suppress(Conflict):
            invite(house.ctx, member.account.id, Invitation("ada@example.com"))

    def added(house: House, member: Member, _: Any) -> None:
        assert len(all_users(house.ctx, member.account.id)) == 2
        assert len(house.deliver().to("ada@example.com")) == 1

    def suspend(house: House, member: Member) -> Any:
        return suspend_user(house.ctx, member.account.id, member.user.id, reason="stolen")

    def suspended(house: House, _: Any, user: Any) -> None:
        assert (user.status, user.suspension_reason) == ("suspended", "stolen")
        assert actions(house, "user.suspended") == 1

    def prepare(house: House) -> Member:
        member = house.member()
        suspend(house, member)
        return member

    def resume(house: House, member: Member) -> Any:
        return resume_user(house.ctx, member.account.id, member.user.id)

    def resumed(house: House, member: Member, user: Any) -> None:
        assert user.status == "active"
        assert actions(house, "user.resumed") == 1
        assert authenticate(house.ctx, member.api_key)

    assert sweep(House.member, add, added) == 2
    assert sweep(House.member, suspend, suspended) == 2
    assert sweep(prepare, resume, resumed) == 2


def test_a_key_made_and_revoked(sweep: Sweep) -> None:
    def create(house: House, member: Member) -> Any:
        return create_key(house.ctx, member.account.id, member.user.id, name="ci")

    def created(house: House, _: Any, made: Any) -> None:
        assert authenticate(house.ctx, made.text)

    def prepare(house: House) -> Any:
        member = house.member()
        return member, create(house, member)

    def revoke(house: House, prepared: Any) -> None:
        with suppress(NotFound):
            revoke_key(house.ctx, prepared[0].account.id, prepared[1].key.id)

    def revoked(house: House, prepared: Any, _: Any) -> None:
        assert find_account(house.ctx, prepared[0].account.id).keys == 1
        assert actions(house, "api_key.revoked") == 1

    assert sweep(House.member, create, created) == 2
    assert sweep(prepare, revoke, revoked) == 3


def test_a_platform_key_and_a_catalog(sweep: Sweep) -> None:
    def create(house: House, _: Any) -> Any:
        return create_platform_key(house.ctx, name="metal", scopes=["usage:write"])

    def created(house: House, _: Any, __: Any) -> None:
        keys = [item for item in house.stored("core") if item["pk"].startswith("PLATFORM#")]
        assert len(keys) == actions(house, "platform_key.created")

    def apply(house: House, _: Any) -> Any:
        return apply_catalog(house.ctx, house.catalog_data() | {"welcome_credit": 5})

    def applied(house: House, _: Any, catalog: Any) -> None:
        assert (catalog.version, catalog.welcome_credit) == (2, 5)
        assert actions(house, "catalog.applied") == 2

    assert sweep(lambda _: None, create, created) == 1
    assert sweep(lambda _: None, apply, applied) == 3
