"""Quota's flat answers: signing up and in, and passwords."""

from typing import Literal

from tallybook.domain.passwords import Purpose
from tallybook.openapi.answers.fields import Answered, Email, Milliseconds


class SignedInUser(Answered):
    id: str
    """The user's id without a prefix; ScaleBox's paths show it as `usr-…`."""
    email: Email
    """The address that the user signs in with, in lower case."""
    balance: int
    """The account's balance in credits; 1,000,000 credits are one unit of the currency. May be negative."""


class SignedIn(Answered):
    user: SignedInUser
    session_token: str
    """`sess_…`, for `Authorization: Bearer`. Only this answer contains it."""
    expires_at: Milliseconds
    """24 hours after the sign-in."""


class Me(Answered):
    user: SignedInUser


class Done(Answered):
    success: Literal[True]


class LinkedKey(Answered):
    name: str | None
    hint: str | None
    """The last four characters of the key."""
    created_at: Milliseconds
    last_used_at: Milliseconds | None
    """Written at most once an hour; null for a key that was never used."""


class LinkedRootUser(Answered):
    name: str | None
    email: Email
    created_at: Milliseconds


class LinkAccess(Answered):
    """Whose link it is, and who has access to the account beside them, so that a stranger's key is noticed."""

    purpose: Purpose
    email: Email
    account: str
    """The account's name, or its email."""
    api_keys: list[LinkedKey]
    """The user's API keys, which a reset ends."""
    root_users: list[LinkedRootUser]
    """The account's other root users."""
    unlisted_root_users: int
    """How many more there are."""
