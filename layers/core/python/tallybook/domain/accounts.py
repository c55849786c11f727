"""Accounts and their users, and the rules for their names, emails, passwords and rights."""

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
from tallybook.domain.quotas import UserAllocation

type AccountStatus = Literal["active", "suspended", "deleted"]
type UserStatus = Literal["active", "suspended", "disabled", "deleted"]
type Role = Literal["admin", "user"]

_EMAIL = re.compile(r"[a-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@(?=.{1,255}$)[a-z0-9-]{1,63}(\.[a-z0-9-]{1,63})+")
_BIDI_CONTROLS = re.compile("[\u202a-\u202e\u2066-\u2069]")
_MIN_PASSWORD = 8
_MAX_PASSWORD = 1024
MAX_USERS = 1000
MAX_KEYS = 1000
MAX_KEYS_OF_USER = 50


@dataclass(frozen=True, slots=True)
class Counts:
    """How many of each thing an account has. The items of lists that only grow are numbered by these counts.

    `running_count`: sessions. `user_count`: with deleted users. `invoice_count`: with drafts. `issued_count`: invoices
    with a number. `overdue_count`: overdue and uncollectible invoices. `budget_count`, `message_count`: all that were
    ever created. `archived_message_count`: messages of deleted budgets.
    """

    audit_count: int = 0
    running_count: int = 0
    user_count: int = 0
    key_count: int = 0
    invoice_count: int = 0
    issued_count: int = 0
    overdue_count: int = 0
    plan_change_count: int = 0
    allocation_count: int = 0
    request_count: int = 0
    budget_count: int = 0
    message_count: int = 0
    archived_message_count: int = 0


@dataclass(frozen=True, slots=True)
class Wallet:
    """`balance` in micros, may be negative. `entry_count`: entries of the ledger.

    `credited`: the sum in micros of all credits except the welcome credit and refunds.
    """

    balance: int = 0
    entry_count: int = 0
    credited: int = 0


@dataclass(frozen=True, slots=True)
class BillingTerms:
    """Percentages: `tax_rate`, where None means the catalog's, and the `discount` on plan fees."""

    tax_rate: Decimal | None = None
    discount: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class Suspension:
    """`at` and `reason` of the current suspension; `milliseconds` of past ones, by the start of the billing period."""

    milliseconds: Mapping[str, int] = field(default_factory=dict)
    at: datetime | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Account:
    """Who is billed, and the subscription to one plan.

    `schedule` gives its billing periods from `first_period_at` on; `closing_cursor` points to the next one to close.
    `allocated`: the sum of its active quota allocations, by field. `hard_limit`: the amount of its hard budget in
    micros; once it is used up, no session starts.
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
    counts: Counts = field(default_factory=Counts)
    wallet: Wallet = field(default_factory=Wallet)
    billing: BillingTerms = field(default_factory=BillingTerms)
    suspension: Suspension = field(default_factory=Suspension)
    allocated: Mapping[str, int] = field(default_factory=dict)
    hard_limit: int | None = None

    @property
    def time_zone(self) -> str:
        """The zone that was set last; the current period may still be in an earlier one."""
        return self.schedule.zone


@dataclass(frozen=True, slots=True)
class User:
    """Who signs in. A user belongs to one account; `is_root` users manage it.

    An invited user has no password yet. Sign-in sessions store the user's `generation` and end when it changes.
    `quota`: the limits of the active allocation, a copy so that the start of a session reads them with the user.
    `request_id`: the quota request that is pending.
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
    running_count: int = 0
    key_count: int = 0
    generation: int = 1
    allocation_id: str | None = None
    quota: Mapping[str, int] = field(default_factory=dict)
    request_id: str | None = None
    suspended_at: datetime | None = None
    suspension_reason: str | None = None

    @property
    def allocation(self) -> UserAllocation | None:
        """The user's active allocation."""
        if self.allocation_id is None:
            return None
        return UserAllocation(self.account_id, self.id, self.allocation_id, self.quota)


def normal_email(text: str, *, field: str = "email") -> str:
    """The email in lower case, without surrounding space; Invalid `invalid_email` unless it is an ASCII address."""
    email = text.strip().lower()
    if not text.isascii() or not _EMAIL.fullmatch(email) or ".." in email or email.startswith(".") or ".@" in email:
        raise Invalid(f"{field} is not a valid email address", code="invalid_email", field=field)
    return email


def check_password(text: str) -> str:
    """8 to 1,024 characters; Invalid `weak_password`."""
    if not _MIN_PASSWORD <= len(text) <= _MAX_PASSWORD:
        raise Invalid(
            f"password must have {_MIN_PASSWORD} to {_MAX_PASSWORD} characters", code="weak_password", field="password"
        )
    return text


def check_name(text: str, *, field: str = "name") -> str:
    """1 to 100 characters, not only space, no control characters, none that change the text's direction."""
    if not text.strip() or len(text) > 100 or _controls(text) or _BIDI_CONTROLS.search(text):
        raise Invalid(
            f"{field} must have 1 to 100 characters and no control characters", code="invalid_name", field=field
        )
    return text


def check_description(text: str, *, field: str = "description") -> str:
    """Up to 1,000 characters; line breaks and tabs are the only control characters."""
    if len(text) > 1000 or any(char not in "\n\r\t" for char in _controls(text)):
        raise Invalid(f"{field} must have at most 1000 characters and no control characters", field=field)
    return text


def check_text(text: str, *, field: str) -> str:
    """As `check_description`, and not empty or only space."""
    if not text.strip():
        raise Invalid(f"{field} must have 1 to 1000 characters", field=field)
    return check_description(text, field=field)


def check_reason(text: str, *, field: str = "reason") -> str:
    """1 to 1,000 characters, not only space, no control characters."""
    if not text.strip() or len(text) > 1000 or _controls(text):
        raise Invalid(f"{field} must have 1 to 1000 characters and no control characters", field=field)
    return text


def require_root(user: User) -> None:
    """Forbidden `root_user_required` for other users."""
    if not user.is_root:
        raise Forbidden("This needs a root user of the account", code="root_user_required")


def require_active(account: Account) -> None:
    """Forbidden `account_suspended`: such an account reads and pays, but starts nothing. NotFound if deleted."""
    if account.status == "deleted":
        raise NotFound("There is no such account", resource="account")
    if account.status == "suspended":
        raise Forbidden("This account is suspended", code="account_suspended")


def require_active_user(user: User) -> None:
    """Forbidden `user_suspended`, `user_disabled`."""
    if user.status != "active":
        raise Forbidden(f"This user is {user.status}", code=f"user_{user.status}")


def _controls(text: str) -> list[str]:
    return [char for char in text if unicodedata.category(char) in ("Cc", "Cs")]
