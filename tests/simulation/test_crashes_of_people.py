"""A crash at any external call of users' actions: team, passwords, keys, sign-in, suspension."""

from contextlib import suppress
from typing import Any

import pytest

from tallybook.domain.audit import OPERATOR
from tallybook.domain.credentials import Principal
from tallybook.domain.errors import Conflict, Invalid, NotFound
from tallybook.services.accounts.invitations import Invitation, invite_again, invite_user
from tallybook.services.accounts.suspension import set_account_status, set_account_status_as_platform
from tallybook.services.accounts.team import delete_user, list_users
from tallybook.services.accounts.users import change_user
from tallybook.services.identity.api_keys import create_api_key, list_api_keys, revoke_api_key
from tallybook.services.identity.authenticate import authenticate
from tallybook.services.identity.change_password import ask_for_reset, change_password, set_password
from tallybook.services.identity.sign_in import login, logout
from tests.simulation.conftest import Sweep
from tests.support.app import HERE, PASSWORD, App

NEW = "another horse battery"


def root(app: App) -> Principal:
    return authenticate(app.ctx, app.member("root@example.com").session, address=HERE)


def invited(app: App) -> tuple[Principal, str]:
    """A root user, and the id of an invited user with an API key."""
    principal = root(app)
    user = invite_user(app.ctx, principal, Invitation("ada@example.com"))
    app.deliver()
    (mail,) = app.fake_aws.mails_to("ada@example.com")
    set_password(app.ctx, token=mail.token, password=PASSWORD, address=HERE)
    session = login(app.ctx, email="ada@example.com", password=PASSWORD, address=HERE)
    create_api_key(app.ctx, authenticate(app.ctx, session.text), name="hers")
    app.deliver()
    return refreshed(app, principal), user.id


def refreshed(app: App, principal: Principal) -> Principal:
    from tallybook.services.identity.authenticate import reread

    return reread(app.ctx, principal)


def link(app: App) -> str:
    """The token of the newest mail to the root user that has one."""
    return [mail.token for mail in app.fake_aws.mails_to("root@example.com") if "#pwt_" in mail.text][-1]


def actions(app: App) -> list[str]:
    """The audit actions of the only account, oldest first."""
    entries = [item for item in app.stored("core") if item["sk"].startswith("AUDIT#")]
    return [entry["action"] for entry in sorted(entries, key=lambda entry: entry["number"])]


def test_an_invitation(sweep: Sweep) -> None:
    def act(app: App, principal: Principal) -> Any:
        with suppress(Conflict):
            invite_user(app.ctx, refreshed(app, principal), Invitation("ada@example.com", name="Ada"))
        return list_users(app.ctx, principal)

    def check(app: App, principal: Principal, users: Any) -> None:
        assert sorted(user.email for user in users) == ["ada@example.com", "root@example.com"]
        assert actions(app).count("user.invited") == 1
        app.deliver()
        assert len(app.fake_aws.mails_to("ada@example.com")) == 1

    assert sweep(root, act, check) == 4


def test_a_change_of_a_user(sweep: Sweep) -> None:
    def act(app: App, prepared: Any) -> Any:
        principal, user_id = prepared
        return change_user(app.ctx, principal, user_id, {"status": "suspended", "suspension_reason": "left"})

    def check(app: App, prepared: Any, user: Any) -> None:
        assert (user.status, user.suspension_reason) == ("suspended", "left")
        assert actions(app).count("user.suspended") == 1

    assert sweep(invited, act, check) == 2


def test_a_deletion_of_a_user(sweep: Sweep) -> None:
    def act(app: App, prepared: Any) -> Any:
        principal, user_id = prepared
        with suppress(NotFound):
            delete_user(app.ctx, principal, user_id)

    def check(app: App, prepared: Any, _: Any) -> None:
        principal = refreshed(app, prepared[0])
        assert [user.email for user in list_users(app.ctx, principal)] == ["root@example.com"]
        assert [key.name for key in list_api_keys(app.ctx, principal)] == ["test"]
        assert invite_user(app.ctx, principal, Invitation("ada@example.com")), "the address must be free again"
        assert actions(app).count("user.deleted") == 1

    assert sweep(invited, act, check) == 3


def test_another_invitation_of_the_same_user(sweep: Sweep) -> None:
    def prepare(app: App) -> Any:
        principal = root(app)
        user = invite_user(app.ctx, principal, Invitation("ada@example.com"))
        app.deliver()
        return principal, user.id

    def act(app: App, prepared: Any) -> Any:
        return invite_again(app.ctx, refreshed(app, prepared[0]), prepared[1])

    def check(app: App, prepared: Any, _: Any) -> None:
        app.deliver()
        mails = app.fake_aws.mails_to("ada@example.com")
        assert 2 <= len(mails) <= 3  # one for each request
        set_password(app.ctx, token=mails[-1].token, password=PASSWORD, address=HERE)

    assert sweep(prepare, act, check) == 4


def test_a_change_of_the_password(sweep: Sweep) -> None:
    def act(app: App, principal: Principal) -> Any:
        with suppress(Invalid):
            change_password(app.ctx, refreshed(app, principal), current=PASSWORD, password=NEW, address=HERE)

    def check(app: App, principal: Principal, _: Any) -> None:
        assert login(app.ctx, email="root@example.com", password=NEW, address=HERE)
        assert refreshed(app, principal), "the session that made the change must stay valid"
        app.deliver()
        assert len(app.fake_aws.mails_to("root@example.com")) == 2  # welcome, password changed
        assert actions(app).count("user.password_changed") == 1

    assert sweep(root, act, check) == 3


def test_a_forgotten_password_and_its_new_one(sweep: Sweep) -> None:
    def ask(app: App, _: Any) -> None:
        ask_for_reset(app.ctx, email="root@example.com", address=HERE)

    def asked(app: App, principal: Any, _: Any) -> None:
        app.deliver()
        set_password(app.ctx, token=link(app), password=NEW, address=HERE)
        assert login(app.ctx, email="root@example.com", password=NEW, address=HERE)

    def prepare(app: App) -> str:
        root(app)
        ask(app, None)
        app.deliver()
        return link(app)

    def confirm(app: App, token: str) -> None:
        with suppress(Invalid):
            set_password(app.ctx, token=token, password=NEW, address=HERE)

    def confirmed(app: App, token: str, _: Any) -> None:
        assert login(app.ctx, email="root@example.com", password=NEW, address=HERE)
        assert not [item for item in app.stored("core") if item["sk"].startswith("APIKEY#")]
        assert actions(app).count("user.password_changed") == 1
        with pytest.raises(Invalid):
            set_password(app.ctx, token=token, password=PASSWORD, address=HERE)

    assert sweep(root, ask, asked) == 2
    assert sweep(prepare, confirm, confirmed) == 4


def test_keys_made_and_revoked(sweep: Sweep) -> None:
    def create(app: App, principal: Principal) -> Any:
        return create_api_key(app.ctx, refreshed(app, principal), name="ci")

    def created(app: App, principal: Principal, made: Any) -> None:
        assert authenticate(app.ctx, made.text)
        app.deliver()
        assert 1 <= len(app.fake_aws.mails_to("root@example.com")) - 1 <= 2, "one for each key made"

    def prepare(app: App) -> Any:
        """A root user, and the id of a key with which another one was made."""
        principal = root(app)
        parent = create_api_key(app.ctx, principal, name="parent")
        create_api_key(app.ctx, authenticate(app.ctx, parent.text), name="child")
        return refreshed(app, principal), parent.key.id

    def revoke(app: App, prepared: Any) -> None:
        with suppress(NotFound):
            revoke_api_key(app.ctx, prepared[0], prepared[1])

    def revoked(app: App, prepared: Any, _: Any) -> None:
        assert [key.name for key in list_api_keys(app.ctx, prepared[0])] == ["test"]
        assert actions(app).count("api_key.revoked") == 1

    def change(app: App, principal: Principal) -> None:
        with suppress(Invalid):
            change_password(
                app.ctx, refreshed(app, principal), current=PASSWORD, password=NEW, address=HERE, end_api_keys=True
            )

    def changed(app: App, principal: Principal, _: Any) -> None:
        assert list_api_keys(app.ctx, principal) == []
        assert refreshed(app, principal), "the session that made the change must stay valid"

    assert sweep(root, create, created) == 2
    assert sweep(root, change, changed) == 4
    assert sweep(prepare, revoke, revoked) == 2


def test_signing_in_and_out(sweep: Sweep) -> None:
    def sign_in(app: App, _: Any) -> Any:
        return login(app.ctx, email="root@example.com", password=PASSWORD, address=HERE)

    def signed_in(app: App, _: Any, answer: Any) -> None:
        assert authenticate(app.ctx, answer.text)

    def sign_out(app: App, principal: Principal) -> None:
        logout(app.ctx, principal)

    def signed_out(app: App, principal: Principal, _: Any) -> None:
        assert not [item for item in app.stored("core") if item["sk"].startswith("SIGNIN#")]
        assert actions(app).count("user.signed_out") == 1

    assert sweep(root, sign_in, signed_in) == 4
    assert sweep(root, sign_out, signed_out) == 2


def test_an_account_suspended_by_the_operator_and_resumed_by_the_platform(sweep: Sweep) -> None:
    def suspend(app: App, principal: Principal) -> Any:
        return set_account_status(app.ctx, principal.account.id, "suspended", reason="abuse", actor=OPERATOR)

    def suspended(app: App, principal: Principal, account: Any) -> None:
        assert (account.status, account.suspension.reason) == ("suspended", "abuse")
        assert actions(app).count("account.suspended") == 1
        app.deliver()
        assert len(app.fake_aws.mails_to("root@example.com")) == 2

    def prepare(app: App) -> Any:
        principal = root(app)
        suspend(app, principal)
        return principal, app.platform()

    def resume(app: App, prepared: Any) -> Any:
        return set_account_status_as_platform(app.ctx, prepared[1], prepared[0].account.id, "active", reason="sorry")

    def resumed(app: App, prepared: Any, account: Any) -> None:
        assert (account.status, account.suspension.at, account.suspension.reason) == ("active", None, None)
        assert actions(app).count("account.resumed") == 1

    assert sweep(root, suspend, suspended) == 2
    assert sweep(prepare, resume, resumed) == 2
