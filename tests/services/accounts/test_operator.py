"""The operator's lists and changes, made without a user's credential."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tallybook.domain.accounts import MAX_KEYS_OF_USER, MAX_USERS
from tallybook.domain.errors import Conflict, Forbidden, NotFound
from tallybook.domain.jobs import partitions
from tallybook.services.accounts import operator as operate
from tallybook.services.accounts.invitations import Invitation, invite_user
from tallybook.services.accounts.team import delete_user
from tallybook.services.identity.authenticate import authenticate
from tallybook.services.lookup import find_account_and_user, find_by_email, list_accounts
from tallybook.store import keys
from tallybook.store.accounts import ACCOUNTS
from tallybook.store.commands import Update
from tests.support.app import App, Member
from tests.support.invariants import check_invariants


@pytest.fixture
def member(app: App) -> Member:
    return app.member()


def test_a_list_costs_one_index_query_and_a_batch_read_per_hundred(app: App) -> None:
    for _ in range(12):
        app.member()
    app.meter.clear()
    assert len(list_accounts(app.ctx, limit=5)) == 5
    assert sorted(app.meter.operations) == ["get_many", *["query"] * len(partitions(ACCOUNTS))]


def test_a_list_of_one_status_reads_no_further_than_needed(app: App) -> None:
    members = [app.member() for _ in range(6)]
    app.change_account(members[0], status="suspended")
    assert [account.id for account in list_accounts(app.ctx, limit=1, status="suspended")] == [members[0].account.id]
    app.meter.clear()
    assert len(list_accounts(app.ctx, limit=2, status="active")) == 2
    assert app.meter.operations.count("get_many") <= 2


def test_a_deleted_user_is_found_neither_by_id_nor_by_address(app: App, member: Member) -> None:
    principal = authenticate(app.ctx, member.session)
    gone = invite_user(app.ctx, principal, Invitation("bo@example.com"))
    delete_user(app.ctx, authenticate(app.ctx, member.session), gone.id)
    with pytest.raises(NotFound):
        find_account_and_user(app.ctx, member.account.id, gone.id)
    with pytest.raises(NotFound):
        find_by_email(app.ctx, "bo@example.com")


def test_opening_an_account_is_one_transaction_like_signing_up(app: App) -> None:
    app.meter.clear()
    account, root = operate.create_account(app.ctx, email="ada@example.com")
    assert app.meter.operations == ["transact"]
    assert (root.is_root, root.role, root.password_hash) == (True, "admin", None)
    assert find_by_email(app.ctx, "ada@example.com") == (account, root)
    events = [
        row["name"] for item in app.stored("core") if item.get("kind") == "events" for row in item["body"]["events"]
    ]
    assert events == ["AccountRegistered", "UserInvited", "SubscriptionStarted", "WalletMoved"]
    check_invariants(app)


def test_a_full_account_or_user_gets_no_more_users_or_keys(app: App, member: Member) -> None:
    app.change_account(member, users=MAX_USERS)
    with pytest.raises(Conflict, match="at most 1000 users"):
        operate.invite(app.ctx, member.account.id, Invitation("bo@example.com"))
    app.change_user(member, keys=MAX_KEYS_OF_USER)
    with pytest.raises(Conflict, match="at most 50 API keys"):
        operate.create_key(app.ctx, member.account.id, member.user.id, name="x")


CHANGES: dict[str, Callable[[App, Member, str], Any]] = {
    "invite": lambda app, member, _: operate.invite(app.ctx, member.account.id, Invitation("bo@example.com")),
    "suspend_user": lambda app, member, _: operate.suspend_user(app.ctx, member.account.id, member.user.id, reason="x"),
    "create_key": lambda app, member, _: operate.create_key(app.ctx, member.account.id, member.user.id, name="x"),
    "revoke_key": lambda app, member, key_id: operate.revoke_key(app.ctx, member.account.id, key_id),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_is_retried_after_a_write_conflict(app: App, member: Member, name: str) -> None:
    key_id = authenticate(app.ctx, member.api_key).credential.id
    tables, transact = app.ctx.tables, app.ctx.tables.transact
    interrupted_operations: list[str] = []

    def interrupted(commands: Any) -> None:
        if not interrupted_operations:
            interrupted_operations.append(name)
            app.ctx = replace(app.ctx, tables=tables)
            del tables.transact
            operate.create_key(app.ctx, member.account.id, member.user.id, name="between")
        transact(commands)

    tables.transact = interrupted
    CHANGES[name](app, member, key_id)
    assert interrupted_operations
    check_invariants(app)


def test_a_user_suspended_before_the_write_gets_no_key(app: App, member: Member) -> None:
    app.ctx.tables.write(Update(keys.user(member.account.id, member.user.id), set={"status": "suspended"}))
    with pytest.raises(Forbidden) as refused:
        operate.create_key(app.ctx, member.account.id, member.user.id, name="x")
    assert refused.value.code == "user_suspended"
    check_invariants(app)


def test_a_suspended_accounts_keys_can_be_revoked_but_not_created(app: App, member: Member) -> None:
    key_id = authenticate(app.ctx, member.api_key).credential.id
    app.change_account(member, status="suspended")
    with pytest.raises(Forbidden) as refused:
        operate.create_key(app.ctx, member.account.id, member.user.id, name="x")
    assert refused.value.code == "account_suspended"
    operate.revoke_key(app.ctx, member.account.id, key_id)
    check_invariants(app)


def test_a_change_to_the_present_value_is_not_recorded(app: App, member: Member) -> None:
    before = app.stored("core")
    operate.resume_user(app.ctx, member.account.id, member.user.id)
    assert app.stored("core") == before


def test_an_email_that_the_operator_confirms_is_no_strangers(app: App, member: Member) -> None:
    assert app.account_of(member).email_unconfirmed
    before = app.account_of(member).counts.audit_count
    for _ in range(2):
        assert not operate.confirm_email(app.ctx, member.account.id).email_unconfirmed
    after = app.account_of(member)
    assert (after.email_unconfirmed, after.counts.audit_count) == (False, before + 1)
    check_invariants(app)
