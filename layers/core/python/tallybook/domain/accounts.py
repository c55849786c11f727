"""Accounts and their users: what they are, what they may do, and what their names, addresses and passwords must be."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Literal

from tallybook.domain.closing_cursor import ClosingCursor
from tallybook.domain.errors import Forbidden, Invalid, NotFound
from tallybook.domain.periods import BillingSchedule
from tallybook.domain.quotas import Share

type AccountStatus = Literal["active", "suspended", "deleted"]
type UserStatus = Literal["active", "suspended", "disabled", "deleted"]
type Role = Literal["admin", "user"]

_EMAIL = re.compile(r"[a-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@(?=.{1,255}$)[a-z0-9-]{1,63}(\.[a-z0-9-]{1,63})+")
_TURNS = re.compile("[\u202a-\u202e\u2066-\u2069]")
_MIN_PASSWORD = 8
_MAX_PASSWORD = 1024
MAX_USERS = 1000
MAX_KEYS = 1000
MAX_KEYS_OF_USER = 50


@dataclass(frozen=True, slots=True)
class Account:
    """Who is billed. Its subscription is part of it: one account is on one plan at a time.

    `balance` is micros and may be negative; `entries` counts its ledger entries, `audits` its audit entries, `running`
    its sessions now running, `users` its users ever, `keys` its API keys, `invoices` its invoices and drafts,
    `issued` those that have a number, `overdue` those overdue or uncollectible, and `changes` its changes of plan.
    `allocations` counts its rows of quota allocations and `requests` those of quota requests; `allocated` is what the
    active allocations add up to, by field. `budgets` and `messages` count its budgets and its budget messages ever,
    `archived` the messages of budgets that are no more; at `hard_limit`, its budget's, no session starts any more.
    `credited` is all that ever came to the wallet beside the welcome credit and refunds.
    `first_period_at` is the start of its first period ever, `calendar` what its periods follow from, and `cycle` which
    of them is closed next.
    `tax_rate` is a percentage, None for the catalog's; `discount` the percentage that is taken off fees.
    `suspended_ms` says how long it was suspended, by the start of the period, until now or the present suspension.
    """

    id: str
    email: str
    created_at: datetime
    status: AccountStatus
    plan: str
    subscription_id: str
    subscribed_at: datetime
    schedule: BillingSchedule
    first_period_at: datetime
    closing_cursor: ClosingCursor
    display_name: str | None = None
    description: str | None = None
    balance: int = 0
    entries: int = 0
    audits: int = 0
    running: int = 0
    users: int = 0
    keys: int = 0
    invoices: int = 0
    issued: int = 0
    overdue: int = 0
    changes: int = 0
    credited: int = 0
    allocations: int = 0
    requests: int = 0
    allocated: Mapping[str, int] = field(default_factory=dict)
    budgets: int = 0
    messages: int = 0
    archived: int = 0
    hard_limit: int | None = None
    tax_rate: Decimal | None = None
    discount: Decimal = Decimal(0)
    suspended_ms: Mapping[str, int] = field(default_factory=dict)
    suspended_at: datetime | None = None
    suspension_reason: str | None = None

    @property
    def time_zone(self) -> str:
        """The zone it was set to last; a period that began in another one keeps it to its end."""
        return self.schedule.zone


@dataclass(frozen=True, slots=True)
class User:
    """Who signs in. A user belongs to one account; `is_root` users run it.

    An invited user has no password yet. Sign-in sessions hold the `generation` they were made in and end with it.
    `quota` is what the active allocation gives, so that a session's start reads it with its user; `request_id` is the
    request for another one that waits to be decided.
    """

    id: str
    account_id: str
    email: str
    created_at: datetime
    status: UserStatus
    role: Role
    is_root: bool
    password_hash: str | None = field(repr=False)
    name: str | None = None
    running: int = 0
    keys: int = 0
    generation: int = 1
    allocation_id: str | None = None
    quota: Mapping[str, int] = field(default_factory=dict)
    request_id: str | None = None
    suspended_at: datetime | None = None
    suspension_reason: str | None = None

    @property
    def share(self) -> Share | None:
        """What the user is allocated, if anything."""
        if self.allocation_id is None:
            return None
        return Share(self.account_id, self.id, self.allocation_id, self.quota)


def normal_email(text: str, *, field: str = "email") -> str:
    """The address in lower case, without surrounding space; refused unless it looks like one in ASCII."""
    email = text.strip().lower()
    if not text.isascii() or not _EMAIL.fullmatch(email) or ".." in email or email.startswith(".") or ".@" in email:
        raise Invalid(f"{field} is not a valid email address", code="invalid_email", field=field)
    return email


def check_password(text: str) -> str:
    """At least 8 characters, at most 1,024."""
    if not _MIN_PASSWORD <= len(text) <= _MAX_PASSWORD:
        raise Invalid(
            f"password must have {_MIN_PASSWORD} to {_MAX_PASSWORD} characters", code="weak_password", field="password"
        )
    return text


def check_name(text: str, *, field: str = "name") -> str:
    """1 to 100 characters, not only space, no control characters, none that turns the text after it round."""
    if not text.strip() or len(text) > 100 or _controls(text) or _TURNS.search(text):
        raise Invalid(
            f"{field} must have 1 to 100 characters and no control characters", code="invalid_name", field=field
        )
    return text


def check_description(text: str, *, field: str = "description") -> str:
    """Up to 1,000 characters, in lines, without other control characters."""
    if len(text) > 1000 or any(char not in "\n\r\t" for char in _controls(text)):
        raise Invalid(f"{field} must have at most 1000 characters and no control characters", field=field)
    return text


def check_text(text: str, *, field: str) -> str:
    """1 to 1,000 characters, not only space, in lines, without other control characters."""
    if not text.strip():
        raise Invalid(f"{field} must have 1 to 1000 characters", field=field)
    return check_description(text, field=field)


def check_reason(text: str, *, field: str = "reason") -> str:
    """1 to 1,000 characters, not only space, no control characters."""
    if not text.strip() or len(text) > 1000 or _controls(text):
        raise Invalid(f"{field} must have 1 to 1000 characters and no control characters", field=field)
    return text


def require_root(user: User) -> None:
    """What concerns the whole account is for those who run it."""
    if not user.is_root:
        raise Forbidden("This needs a root user of the account", code="root_user_required")


def require_active(account: Account) -> None:
    """A suspended account reads and pays, but starts nothing new; a deleted one is none any more."""
    if account.status == "deleted":
        raise NotFound("There is no such account", resource="account")
    if account.status == "suspended":
        raise Forbidden("This account is suspended", code="account_suspended")


def _controls(text: str) -> list[str]:
    return [char for char in text if unicodedata.category(char) in ("Cc", "Cs")]
