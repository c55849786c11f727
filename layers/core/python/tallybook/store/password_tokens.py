"""Password tokens, as items: at most one of a user for an invitation, and one for a reset."""

from dataclasses import replace

from boto3.dynamodb.conditions import Attr

from tallybook.domain.accounts import User
from tallybook.domain.passwords import LIFE, PasswordToken, Purpose
from tallybook.domain.times import parse_instant, stamp
from tallybook.store import keys
from tallybook.store.commands import Check, Delete, Item, Put
from tallybook.store.keys import Key


def put_token(token: PasswordToken) -> Put:
    """Replace the user's earlier token of the same purpose."""
    return Put(
        _key(token),
        {
            "purpose": token.purpose,
            "secret_hash": token.secret_hash,
            "expires_at": stamp(token.expires_at),
            "expires": int(token.expires_at.timestamp()),
        },
        condition=None,
    )


def check_recipient_unchanged(user: User, purpose: Purpose) -> Check:
    """Require that the user is active and has the same email; for an invitation, also that no password is set."""
    condition = Attr("status").eq("active") & Attr("email").eq(user.email)
    if purpose == "invitation":
        condition &= Attr("password_hash").not_exists()
    return Check(keys.user(user.account_id, user.id), condition)


def use_token(token: PasswordToken) -> list[Delete]:
    """Delete all tokens of the user; WriteConflict if this one was used or replaced."""
    same = Attr("secret_hash").eq(token.secret_hash)
    return [
        replace(other, condition=same) if other.key == _key(token) else other
        for other in delete_tokens(token.account_id, token.user_id)
    ]


def delete_tokens(account_id: str, user_id: str) -> list[Delete]:
    """Delete all tokens of the user, if there are any."""
    return [Delete(key, condition=None) for key in password_token_keys(account_id, user_id)]


def password_token_keys(account_id: str, user_id: str) -> list[Key]:
    return [keys.password_token(account_id, user_id, purpose) for purpose in LIFE]


def read_token(item: Item, *, account_id: str, user_id: str) -> PasswordToken:
    return PasswordToken(
        account_id=account_id,
        user_id=user_id,
        purpose=item["purpose"],
        secret_hash=item["secret_hash"],
        expires_at=parse_instant(item["expires_at"]),
    )


def _key(token: PasswordToken) -> Key:
    return keys.password_token(token.account_id, token.user_id, token.purpose)
