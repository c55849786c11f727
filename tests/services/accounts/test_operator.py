"""What the operator finds and does: the same as users do, at the same price, without being one of them."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tallybook.domain.accounts import MAX_KEYS_OF_USER, MAX_USERS
from tallybook.domain.errors import Conflict, Forbidden, NotFound
from tallybook.domain.jobs import partitions
from tallybook.services.accounts import operator as operate
from tallybook.services.accounts.team import Invitation, delete_user, invite_user
from tallybook.services.identity.authenticate import authenticate
from tallybook.services.lookup import find_by_email, find_member, list_accounts
from tallybook.store import keys
from tallybook.store.accounts import ACCOUNTS
from tallybook.store.commands import Update
from tests.support.house import House, Member
from tests.support.invariants import check_invariants


@pytest.fixture
def member(house: House) -> Member:
    return house.member()


def test_a_list_costs_one_look_at_the_index_and_one_read_for_each_hundred(house: House) -> None:
    for _ in range(12):
        house.member()
    house.ctx.tables.bill.clear()
    assert len(list_accounts(house.ctx, limit=5)) == 5
    assert sorted(house.ctx.tables.bill.operations) == ["get_many", *["query"] * len(partitions(ACCOUNTS))]


def test_accounts_of_a_status_are_looked_for_no_further_than_needed(house: House) -> None:
    members = [house.member() for _ in range(6)]
    house.change_account(members[0], status="suspended")
    assert [account.id for account in list_accounts(house.ctx, limit=1, status="suspended")] == [members[0].account.id]
    house.ctx.tables.bill.clear()
    assert len(list_accounts(house.ctx, limit=2, status="active")) == 2
    assert house.ctx.tables.bill.operations.count("get_many") <= 2


def test_a_deleted_user_is_not_found_by_id_nor_by_address(house: House, member: Member) -> None:
    principal = authenticate(house.ctx, member.session)
    gone = invite_user(house.ctx, principal, Invitation("bo@example.com"))
    delete_user(house.ctx, authenticate(house.ctx, member.session), gone.id)
    with pytest.raises(NotFound):
        find_member(house.ctx, member.account.id, gone.id)
    with pytest.raises(NotFound):
        find_by_email(house.ctx, "bo@example.com")


def test_opening_an_account_is_one_transaction_like_registering(house: House) -> None:
    house.ctx.tables.bill.clear()
    account, root = operate.create_account(house.ctx, email="ada@example.com")
    assert house.ctx.tables.bill.operations == ["transact"]
    assert (root.is_root, root.role, root.password_hash) == (True, "admin", None)
    assert find_by_email(house.ctx, "ada@example.com") == (account, root)
    events = [
        row["name"] for item in house.stored("core") if item.get("kind") == "events" for row in item["body"]["events"]
    ]
    assert events == ["AccountRegistered", "UserInvited", "SubscriptionStarted", "WalletMoved"]
    check_invariants(house)


def test_an_account_or_a_user_may_be_full(house: House, member: Member) -> None:
    house.change_account(member, users=MAX_USERS)
    with pytest.raises(Conflict, match="at most 1000 users"):
        operate.invite(house.ctx, member.account.id, Invitation("bo@example.com"))
    house.change_user(member, keys=MAX_KEYS_OF_USER)
    with pytest.raises(Conflict, match="at most 50 API keys"):
        operate.create_key(house.ctx, member.account.id, member.user.id, name="x")


CHANGES: dict[str, Callable[[House, Member, str], Any]] = {
    "invite": lambda house, member, _: operate.invite(house.ctx, member.account.id, Invitation("bo@example.com")),
    "suspend_user": lambda house, member, _: operate.suspend_user(
        house.ctx, member.account.id, member.user.id, reason="x"
    ),
    "create_key": lambda house, member, _: operate.create_key(house.ctx, member.account.id, member.user.id, name="x"),
    "revoke_key": lambda house, member, key_id: operate.revoke_key(house.ctx, member.account.id, key_id),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_that_others_come_between_is_decided_anew(house: House, member: Member, name: str) -> None:
    key_id = authenticate(house.ctx, member.api_key).credential.id
    tables, transact = house.ctx.tables, house.ctx.tables.transact
    came_between: list[str] = []

    def interrupted(commands: Any) -> None:
        if not came_between:
            came_between.append(name)
            house.ctx = replace(house.ctx, tables=tables)
            del tables.transact
            operate.create_key(house.ctx, member.account.id, member.user.id, name="between")
        transact(commands)

    tables.transact = interrupted
    CHANGES[name](house, member, key_id)
    assert came_between
    check_invariants(house)


def test_a_user_who_was_suspended_meanwhile_gets_no_key(house: House, member: Member) -> None:
    house.ctx.tables.write(Update(keys.user(member.account.id, member.user.id), set={"status": "suspended"}))
    with pytest.raises(Forbidden) as refused:
        operate.create_key(house.ctx, member.account.id, member.user.id, name="x")
    assert refused.value.code == "user_suspended"
    check_invariants(house)


def test_a_suspended_account_gets_no_key_but_loses_one(house: House, member: Member) -> None:
    key_id = authenticate(house.ctx, member.api_key).credential.id
    house.change_account(member, status="suspended")
    with pytest.raises(Forbidden) as refused:
        operate.create_key(house.ctx, member.account.id, member.user.id, name="x")
    assert refused.value.code == "account_suspended"
    operate.revoke_key(house.ctx, member.account.id, key_id)
    check_invariants(house)


def test_what_is_so_already_is_no_change(house: House, member: Member) -> None:
    before = house.stored("core")
    operate.resume_user(house.ctx, member.account.id, member.user.id)
    assert house.stored("core") == before
