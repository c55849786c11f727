"""Users, and the emails that they sign in with, as items."""

from boto3.dynamodb.conditions import Attr, ConditionBase

from tallybook.domain.accounts import MAX_KEYS, MAX_KEYS_OF_USER, User
from tallybook.domain.emails import mailbox
from tallybook.domain.errors import TallybookError
from tallybook.domain.times import instant_or_none, parse_instant, stamp, stamp_or_none
from tallybook.store import keys
from tallybook.store.accounts import ACTIVE, read_quota
from tallybook.store.commands import EXISTS, Check, Delete, Item, Put, Update


def put_user(user: User) -> Put:
    return Put(keys.user(user.account_id, user.id), user_item(user))


def set_user(user: User, **values: object) -> Update:
    """Set these attributes, if status, role, root, generation and key count are as read."""
    unchanged = Attr("status").eq(user.status) & Attr("role").eq(user.role) & Attr("is_root").eq(user.is_root)
    unchanged &= Attr("generation").eq(user.generation) & Attr("keys").eq(user.key_count)
    return Update(keys.user(user.account_id, user.id), set=values, condition=unchanged)


def check_still_root(user: User) -> Check:
    """Require that the user is an active root user."""
    return Check(keys.user(user.account_id, user.id), ACTIVE & Attr("is_root").eq(True))


def count_keys(*, account_id: str, user_id: str, by: int) -> tuple[Update, Update]:
    """Add `by` to the API key counts of account and user. To add a key, both must be active and below their maximum."""

    def condition(most: int) -> ConditionBase:
        return ACTIVE & Attr("keys").lt(most) if by > 0 else EXISTS

    return (
        Update(keys.account(account_id), add={"keys": by}, condition=condition(MAX_KEYS)),
        Update(keys.user(account_id, user_id), add={"keys": by}, condition=condition(MAX_KEYS_OF_USER)),
    )


def put_email(user: User, *, refusal: TallybookError) -> Put:
    """Let the user sign in with their email; `refusal` if the email is taken."""
    return Put(keys.email(user.email), {"account_id": user.account_id, "user_id": user.id}, refusal=refusal)


def free_email(user: User) -> Delete:
    """End the user's sign-in with their email, so that it is free."""
    return Delete(keys.email(user.email), condition=Attr("user_id").eq(user.id))


def is_confirmed_user(item: Item, email: str) -> bool:
    """Whether the user has this email and has used a link of a mail to it.

    It was not noted for users of earlier releases: they count as confirmed, once they have set a password.
    """
    confirmed = not item.get("email_unconfirmed") and item.get("password_hash") is not None
    return confirmed and mailbox(item["email"]) == mailbox(email)


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
        "running": user.running_count,
        "keys": user.key_count,
        "generation": user.generation,
        "allocation_id": user.allocation_id,
        "quota": dict(user.quota),
        "request_id": user.request_id,
        "suspended_at": stamp_or_none(user.suspended_at),
        "suspension_reason": user.suspension_reason,
        "email_unconfirmed": user.email_unconfirmed or None,
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
        password_hash=item.get("password_hash"),
        name=item.get("name"),
        running_count=int(item["running"]),
        key_count=int(item["keys"]),
        generation=int(item["generation"]),
        allocation_id=item.get("allocation_id"),
        quota=read_quota(item["quota"]),
        request_id=item.get("request_id"),
        suspended_at=instant_or_none(item.get("suspended_at")),
        suspension_reason=item.get("suspension_reason"),
        email_unconfirmed=item.get("email_unconfirmed", False),
    )
