"""Quota's dialect: flat JSON, times in milliseconds, ids without prefix.

Error: {"error": {"code": …, "message": …, "docs_url": …}}; a wrong field is a 400 with the code `invalid_<field>`.
Source: docs/decisions.md, "The three dialects", "Quota".
"""

from datetime import datetime

from tallybook.domain.accounts import Account, User
from tallybook.domain.errors import Invalid, TallybookError
from tallybook.domain.times import stamp, stamp_or_none
from tallybook.services.access import Link
from tallybook.wire.response import Answer, error_headers, status_of

ERROR_PAGE = "/auth/errors"
"""The page that explains each code."""


def error(error: TallybookError, *, at: datetime, page_url: str = "") -> Answer:  # noqa: ARG001 no timestamp
    """Without a `page_url`, `docs_url` is relative to the API."""
    code = error.code
    if code == Invalid.code and error.field:
        code = f"invalid_{error.field.split('.')[0]}"
    body = {"error": {"code": code, "message": error.message, "docs_url": f"{page_url}{ERROR_PAGE}#{code}"}}
    return Answer(status_of(error), body, error_headers(error))


def present_user(account: Account, user: User) -> dict[str, object]:
    """`balance` is the account's, in credits."""
    return {"id": user.id, "email": user.email, "balance": account.wallet.balance}


def present_sign_in(account: Account, user: User, *, text: str, expires_at: datetime) -> dict[str, object]:
    return {"user": present_user(account, user), "session_token": text, "expires_at": stamp(expires_at)}


def present_link(link: Link) -> dict[str, object]:
    """What the page of a link names: `hint` is the last four characters of a key's secret."""
    access = link.access
    return {
        "purpose": link.purpose,
        "email": link.email,
        "account": link.account,
        "api_keys": [
            {
                "name": key.name,
                "hint": key.hint,
                "created_at": stamp(key.created_at),
                "last_used_at": stamp_or_none(key.last_used_at),
            }
            for key in access.keys
        ],
        "root_users": [
            {"name": user.name, "email": user.email, "created_at": stamp(user.created_at)} for user in access.root_users
        ],
        "unlisted_root_users": access.unlisted,
    }
