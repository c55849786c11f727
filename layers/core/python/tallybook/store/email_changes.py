"""An account's last request to change its email, and the tokens of its links, keyed by their hash."""

from datetime import datetime

from boto3.dynamodb.conditions import Attr, ConditionBase

from tallybook.domain.email_change import KEPT, EmailChange, EmailToken, Side
from tallybook.domain.emails import mailbox
from tallybook.domain.times import parse_instant, stamp
from tallybook.store import keys
from tallybook.store.commands import EXISTS, NEW, Check, Command, Delete, Item, Put, Update

_SIDES: tuple[Side, ...] = ("current", "new")


def put_change(change: EmailChange, *, last: EmailChange | None) -> Put:
    """A new request, which replaces the last one; WriteConflict if that changed since it was read."""
    item = {
        "id": change.id,
        "account_id": change.account_id,
        "current_email": change.current_email,
        "new_email": change.new_email,
        "requested_at": stamp(change.requested_at),
        "state": change.state,
        "confirmed": [],
        "expires": int((change.requested_at + KEPT).timestamp()),
    }
    return Put(keys.email_change(change.account_id), item, condition=NEW if last is None else _unchanged(last))


def expire_old_change(item: Item | None, email: str, *, at: datetime) -> tuple[Update, ...]:
    """Let a request of an earlier release expire, which names this email of a user who is deleted.

    Other requests expire already, at most 90 days after the deletion.
    """
    if item is None or "expires" in item:
        return ()
    if mailbox(email) not in map(mailbox, (item["current_email"], item["new_email"])):
        return ()
    return (Update(keys.email_change(item["account_id"]), set={"expires": int((at + KEPT).timestamp())}),)


def set_change(before: EmailChange, after: EmailChange) -> Update:
    """Set state and confirmations; WriteConflict if the request or its links changed since they were read."""
    condition = _unchanged(before)
    for side in _SIDES:
        name, hashed = _hash(side), before.hashes.get(side)
        condition &= Attr(name).not_exists() if hashed is None else Attr(name).eq(hashed)
    return Update(
        keys.email_change(before.account_id),
        set={"state": after.state, "confirmed": _confirmed(after)},
        condition=condition,
    )


def put_token(change: EmailChange, side: Side, hashed: str) -> list[Command]:
    """A new link for this side, replacing an earlier one; WriteConflict if the request changed since it was read."""
    item = {
        "account_id": change.account_id,
        "current_email": change.current_email,
        "new_email": change.new_email,
        "expires": int(change.expires_at.timestamp()),
    }
    return [
        Put(keys.email_token(hashed), item),
        Update(keys.email_change(change.account_id), set={_hash(side): hashed}, condition=_unchanged(change)),
    ]


def move_login(change: EmailChange, user_id: str) -> list[Command]:
    """Let the user sign in with the new email instead of the current one; WriteConflict if the new one is taken."""
    return [
        Put(keys.email(change.new_email), {"account_id": change.account_id, "user_id": user_id}),
        Delete(keys.email(change.current_email), condition=Attr("user_id").eq(user_id)),
        Update(
            keys.user(change.account_id, user_id),
            set={"email": change.new_email},
            remove=("email_unconfirmed",),
            condition=EXISTS,
        ),
    ]


def check_email_free(email: str) -> Check:
    """Require that nobody signs in with this email."""
    return Check(keys.email(email), NEW)


def read_change(item: Item) -> EmailChange:
    return EmailChange(
        id=item["id"],
        account_id=item["account_id"],
        current_email=item["current_email"],
        new_email=item["new_email"],
        requested_at=parse_instant(item["requested_at"]),
        state=item["state"],
        confirmed=frozenset(item["confirmed"]),
        hashes={side: item[_hash(side)] for side in _SIDES if _hash(side) in item},
    )


def read_token(item: Item) -> EmailToken:
    return EmailToken(item["account_id"], item["current_email"], item["new_email"])


def _unchanged(change: EmailChange) -> ConditionBase:
    unchanged = Attr("state").eq(change.state) & Attr("confirmed").eq(_confirmed(change))
    return Attr("id").eq(change.id) & unchanged


def _confirmed(change: EmailChange) -> list[str]:
    return sorted(change.confirmed)


def _hash(side: Side) -> str:
    return f"{side}_hash"
