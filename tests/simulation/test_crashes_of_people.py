"""A crash at any external call of what people do: their team, their passwords, their keys, their sign-ins."""

from contextlib import suppress
from typing import Any

import pytest

from tallybook.domain.audit import OPERATOR
from tallybook.domain.credentials import Principal
from tallybook.domain.errors import Conflict, Invalid, NotFound
from tallybook.services.accounts.suspension import set_standing, set_standing_as_platform
from tallybook.services.accounts.team import Invitation, delete_user, invite_again, invite_user, list_users
from tallybook.services.accounts.users import change_user
from tallybook.services.identity.api_keys import create_api_key, list_api_keys, revoke_api_key
from tallybook.services.identity.authenticate import authenticate
from tallybook.services.identity.change_password import ask_for_reset, change_password, set_password
from tallybook.services.identity.sign_in import login, logout
from tests.simulation.conftest import Sweep
from tests.support.house import HERE, PASSWORD, House

NEW = "another horse battery"


def root(house: House) -> Principal:
    return authenticate(house.ctx, house.member("root@example.com").session, address=HERE)


def invited(house: House) -> tuple[Principal, str]:
    """A root user, and the id of a user who was invited and has an API key."""
    principal = root(house)
    user = invite_user(house.ctx, principal, Invitation("ada@example.com"))
    house.deliver()
    (mail,) = house.world.to("ada@example.com")
    set_password(house.ctx, token=mail.token, password=PASSWORD, address=HERE)
    session = login(house.ctx, email="ada@example.com", password=PASSWORD, address=HERE)
    create_api_key(house.ctx, authenticate(house.ctx, session.text), name="hers")
    house.deliver()
    return refreshed(house, principal), user.id


def refreshed(house: House, principal: Principal) -> Principal:
    from tallybook.services.identity.authenticate import reread

    return reread(house.ctx, principal)


def link(house: House) -> str:
    """The token of the newest mail to the root user that has one."""
    return [mail.token for mail in house.world.to("root@example.com") if "#pwt_" in mail.text][-1]


def actions(house: House) -> list[str]:
    """What the audit log of the only account says, in order."""
    entries = [item for item in house.stored("core") if item["sk"].startswith("AUDIT#")]
    return [entry["action"] for entry in sorted(entries, key=lambda entry: entry["number"])]


def test_an_invitation(sweep: Sweep) -> None:
    def act(house: House, principal: Principal) -> Any:
        with suppress(Conflict):
            invite_user(house.ctx, refreshed(house, principal), Invitation("ada@example.com", name="Ada"))
        return list_users(house.ctx, principal)

    def check(house: House, principal: Principal, users: Any) -> None:
        assert sorted(user.email for user in users) == ["ada@example.com", "root@example.com"]
        assert actions(house).count("user.invited") == 1
        house.deliver()
        assert len(house.world.to("ada@example.com")) == 1

    assert sweep(root, act, check) == 4


def test_a_change_of_a_user(sweep: Sweep) -> None:
    def act(house: House, prepared: Any) -> Any:
        principal, user_id = prepared
        return change_user(house.ctx, principal, user_id, {"status": "suspended", "suspension_reason": "left"})

    def check(house: House, prepared: Any, user: Any) -> None:
        assert (user.status, user.suspension_reason) == ("suspended", "left")
        assert actions(house).count("user.suspended") == 1

    assert sweep(invited, act, check) == 2


def test_a_deletion_of_a_user(sweep: Sweep) -> None:
    def act(house: House, prepared: Any) -> Any:
        principal, user_id = prepared
        with suppress(NotFound):
            delete_user(house.ctx, principal, user_id)

    def check(house: House, prepared: Any, _: Any) -> None:
        principal = refreshed(house, prepared[0])
        assert [user.email for user in list_users(house.ctx, principal)] == ["root@example.com"]
        assert [key.name for key in list_api_keys(house.ctx, principal)] == ["test"]
        assert invite_user(house.ctx, principal, Invitation("ada@example.com")), "the address is free again"
        assert actions(house).count("user.deleted") == 1

    assert sweep(invited, act, check) == 3


def test_another_invitation_of_the_same_user(sweep: Sweep) -> None:
    def prepare(house: House) -> Any:
        principal = root(house)
        user = invite_user(house.ctx, principal, Invitation("ada@example.com"))
        house.deliver()
        return principal, user.id

    def act(house: House, prepared: Any) -> Any:
        return invite_again(house.ctx, refreshed(house, prepared[0]), prepared[1])

    def check(house: House, prepared: Any, _: Any) -> None:
        house.deliver()
        mails = house.world.to("ada@example.com")
        assert 2 <= len(mails) <= 3  # one more for each time it was asked for
        set_password(house.ctx, token=mails[-1].token, password=PASSWORD, address=HERE)

    assert sweep(prepare, act, check) == 4


def test_a_change_of_the_password(sweep: Sweep) -> None:
    def act(house: House, principal: Principal) -> Any:
        with suppress(Invalid):
            change_password(house.ctx, refreshed(house, principal), current=PASSWORD, password=NEW, address=HERE)

    def check(house: House, principal: Principal, _: Any) -> None:
        assert login(house.ctx, email="root@example.com", password=NEW, address=HERE)
        assert refreshed(house, principal), "the session it was done with goes on"
        house.deliver()
        assert len(house.world.to("root@example.com")) == 2  # welcome, password changed
        assert actions(house).count("user.password_changed") == 1

    assert sweep(root, act, check) == 3


def test_a_forgotten_password_and_its_new_one(sweep: Sweep) -> None:
    def ask(house: House, _: Any) -> None:
        ask_for_reset(house.ctx, email="root@example.com", address=HERE)

    def asked(house: House, principal: Any, _: Any) -> None:
        house.deliver()
        set_password(house.ctx, token=link(house), password=NEW, address=HERE)
        assert login(house.ctx, email="root@example.com", password=NEW, address=HERE)

    def prepare(house: House) -> str:
        root(house)
        ask(house, None)
        house.deliver()
        return link(house)

    def confirm(house: House, token: str) -> None:
        with suppress(Invalid):
            set_password(house.ctx, token=token, password=NEW, address=HERE)

    def confirmed(house: House, token: str, _: Any) -> None:
        assert login(house.ctx, email="root@example.com", password=NEW, address=HERE)
        assert actions(house).count("user.password_changed") == 1
        with pytest.raises(Invalid):
            set_password(house.ctx, token=token, password=PASSWORD, address=HERE)

    assert sweep(root, ask, asked) == 2
    assert sweep(prepare, confirm, confirmed) == 3


def test_keys_made_and_revoked(sweep: Sweep) -> None:
    def create(house: House, principal: Principal) -> Any:
        return create_api_key(house.ctx, refreshed(house, principal), name="ci")

    def created(house: House, principal: Principal, made: Any) -> None:
        assert authenticate(house.ctx, made.text)

    def prepare(house: House) -> Any:
        principal = root(house)
        return principal, list_api_keys(house.ctx, principal)[0].id

    def revoke(house: House, prepared: Any) -> None:
        with suppress(NotFound):
            revoke_api_key(house.ctx, prepared[0], prepared[1])

    def revoked(house: House, prepared: Any, _: Any) -> None:
        assert list_api_keys(house.ctx, prepared[0]) == []
        assert actions(house).count("api_key.revoked") == 1

    assert sweep(root, create, created) == 2
    assert sweep(prepare, revoke, revoked) == 2


def test_signing_in_and_out(sweep: Sweep) -> None:
    def sign_in(house: House, _: Any) -> Any:
        return login(house.ctx, email="root@example.com", password=PASSWORD, address=HERE)

    def signed_in(house: House, _: Any, answer: Any) -> None:
        assert authenticate(house.ctx, answer.text)

    def sign_out(house: House, principal: Principal) -> None:
        logout(house.ctx, principal)

    def signed_out(house: House, principal: Principal, _: Any) -> None:
        assert not [item for item in house.stored("core") if item["sk"].startswith("SIGNIN#")]
        assert actions(house).count("user.signed_out") == 1

    assert sweep(root, sign_in, signed_in) == 4
    assert sweep(root, sign_out, signed_out) == 2


def test_an_account_suspended_by_the_operator_and_resumed_by_the_platform(sweep: Sweep) -> None:
    def suspend(house: House, principal: Principal) -> Any:
        return set_standing(house.ctx, principal.account.id, "suspended", reason="abuse", actor=OPERATOR)

    def suspended(house: House, principal: Principal, account: Any) -> None:
        assert (account.status, account.suspension_reason) == ("suspended", "abuse")
        assert actions(house).count("account.suspended") == 1
        house.deliver()
        assert len(house.world.to("root@example.com")) == 2

    def prepare(house: House) -> Any:
        principal = root(house)
        suspend(house, principal)
        return principal, house.platform()

    def resume(house: House, prepared: Any) -> Any:
        return set_standing_as_platform(house.ctx, prepared[1], prepared[0].account.id, "active", reason="sorry")

    def resumed(house: House, prepared: Any, account: Any) -> None:
        assert (account.status, account.suspended_at, account.suspension_reason) == ("active", None, None)
        assert actions(house).count("account.resumed") == 1

    assert sweep(root, suspend, suspended) == 2
    assert sweep(prepare, resume, resumed) == 2
