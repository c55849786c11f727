"""The one token with which a user may set a password, from an invitation or a reset; stored hashed, used once."""

from boto3.dynamodb.conditions import Attr

from tallybook.domain.passwords import PasswordToken
from tallybook.domain.times import parse_instant, stamp
from tallybook.store import keys
from tallybook.store.commands import Delete, Item, Put


def put_token(token: PasswordToken) -> Put:
    """In place of the one before it, which ends."""
    return Put(
        keys.password_token(token.account_id, token.user_id),
        {
            "purpose": token.purpose,
            "secret_hash": token.secret_hash,
            "expires_at": stamp(token.expires_at),
            "expires": int(token.expires_at.timestamp()),
        },
        condition=None,
    )


def use_token(token: PasswordToken) -> Delete:
    """Refused where it was used or replaced."""
    return Delete(
        keys.password_token(token.account_id, token.user_id), condition=Attr("secret_hash").eq(token.secret_hash)
    )


def read_token(item: Item, *, account_id: str, user_id: str) -> PasswordToken:
    return PasswordToken(
        account_id=account_id,
        user_id=user_id,
        purpose=item["purpose"],
        secret_hash=item["secret_hash"],
        expires_at=parse_instant(item["expires_at"]),
    )
