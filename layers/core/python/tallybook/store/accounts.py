"""Accounts, users and the addresses they sign in with, as items."""

from boto3.dynamodb.conditions import Attr

from tallybook.domain.accounts import Account, User
from tallybook.domain.times import parse_instant, stamp
from tallybook.store import keys
from tallybook.store.commands import EXISTS, Item, Put, Update


def account_item(account: Account) -> Item:
    return {
        "id": account.id,
        "email": account.email,
        "created_at": stamp(account.created_at),
        "status": account.status,
        "time_zone": account.time_zone,
        "plan": account.plan,
        "subscription_id": account.subscription_id,
        "subscribed_at": stamp(account.subscribed_at),
        "anchor": stamp(account.anchor),
        "first_period_at": stamp(account.first_period_at),
        "display_name": account.display_name,
        "description": account.description,
        "balance": account.balance,
        "entries": account.entries,
        "running": account.running,
    }


def read_account(item: Item) -> Account:
    return Account(
        id=item["id"],
        email=item["email"],
        created_at=parse_instant(item["created_at"]),
        status=item["status"],
        time_zone=item["time_zone"],
        plan=item["plan"],
        subscription_id=item["subscription_id"],
        subscribed_at=parse_instant(item["subscribed_at"]),
        anchor=parse_instant(item["anchor"]),
        first_period_at=parse_instant(item["first_period_at"]),
        display_name=item.get("display_name"),
        description=item.get("description"),
        balance=int(item["balance"]),
        entries=int(item["entries"]),
        running=int(item["running"]),
    )


def user_item(user: User) -> Item:
    return {
        "id": user.id,
        "account_id": user.account_id,
        "email": user.email,
        "created_at": stamp(user.created_at),
        "status": user.status,
        "role": user.role,
        "is_root": user.is_root,
        "password_hash": user.password_hash,
        "name": user.name,
        "running": user.running,
    }


def read_user(item: Item) -> User:
    return User(
        id=item["id"],
        account_id=item["account_id"],
        email=item["email"],
        created_at=parse_instant(item["created_at"]),
        status=item["status"],
        role=item["role"],
        is_root=item["is_root"],
        password_hash=item["password_hash"],
        name=item.get("name"),
        running=int(item["running"]),
    )


def put_account(account: Account) -> Put:
    return Put(keys.account(account.id), account_item(account))


def put_user(user: User) -> Put:
    return Put(keys.user(user.account_id, user.id), user_item(user))


def count_running(*, account_id: str, user_id: str, by: int) -> tuple[Update, Update]:
    """One session more or fewer, on the account and on its user; more only while both are active."""
    condition = EXISTS & Attr("status").eq("active") if by > 0 else EXISTS
    return (
        Update(keys.account(account_id), add={"running": by}, condition=condition),
        Update(keys.user(account_id, user_id), add={"running": by}, condition=condition),
    )
