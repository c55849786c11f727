"""Accounts and their users, and the checks of their status and rights."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Literal, NamedTuple

from tallybook.domain.closing_cursor import ClosingCursor
from tallybook.domain.errors import Forbidden, NotFound
from tallybook.domain.periods import BillingSchedule
from tallybook.domain.quotas import UserAllocation
from tallybook.domain.recent_changes import RecentChanges

type AccountStatus = Literal["active", "suspended", "deleted"]
type UserStatus = Literal["active", "suspended", "disabled", "deleted"]
type Role = Literal["admin", "user"]

MAX_USERS = 1000
MAX_KEYS = 1000
MAX_KEYS_OF_USER = 50


class Counts(NamedTuple):
    """How many of each thing an account has. Lists that only grow take the numbers of their items from these counts.

    `running_count`: sessions. `user_count` includes deleted users, `invoice_count` drafts. `issued_count`: invoices
    with a number. `overdue_count`: overdue and uncollectible invoices. `schedule_count`: changes of the billing
    schedule. `budget_count` and `message_count` include deleted budgets and their messages; `archived_message_count`
    counts the messages of deleted budgets.
    """

    audit_count: int = 0
    running_count: int = 0
    user_count: int = 0
    key_count: int = 0
    invoice_count: int = 0
    issued_count: int = 0
    overdue_count: int = 0
    plan_change_count: int = 0
    schedule_count: int = 0
    allocation_count: int = 0
    request_count: int = 0
    budget_count: int = 0
    message_count: int = 0
    archived_message_count: int = 0


class Wallet(NamedTuple):
    """`balance` in micros, may be negative. `entry_count`: entries of the ledger.

    `welcome`: the welcome credit that it began with, in micros; None for an account stored without it.
    """

    balance: int = 0
    entry_count: int = 0
    welcome: int | None = 0


class Receivables(NamedTuple):
    """The invoices that the account has to pay, by their positions.

    `unpaid`: the oldest due date first; None if it was not stored yet. `unreminded`: what is due, in micros, on overdue
    invoices that no reminder has named; together less than the smallest charge.
    `last_issued_at`: the date of the invoice with the highest number.
    """

    unpaid: tuple[int, ...] | None = ()
    unreminded: Mapping[int, int] = MappingProxyType({})
    last_issued_at: datetime | None = None


class Correction(NamedTuple):
    """What void and reissued invoices change in a closed period; the account has it until an invoice bills it again.

    `voided`, `forgiven`: micros to add to the period's. `is_void`: the period's new value, None if it stays as it is.
    """

    voided: int = 0
    forgiven: int = 0
    is_void: bool | None = None


class BillingTerms(NamedTuple):
    """Percentages: the `tax_rate`, or None for the catalog's, and the `discount` on plan fees."""

    tax_rate: Decimal | None = None
    discount: Decimal = Decimal(0)


class FeeTerms(NamedTuple):
    """What a fee is computed from: the start of the month or year that it pays for, and price (micros) and discount
    (percent) in force then.
    """

    start: datetime
    price: int
    discount: Decimal


class Suspension(NamedTuple):
    """The current suspension's `at` and `reason`; the `milliseconds` of past ones, by the billing period's start."""

    milliseconds: Mapping[str, int] = MappingProxyType({})
    at: datetime | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Account:
    """Who is billed, and the subscription to one plan.

    `schedule` defines its billing periods, from `first_period_at` on; `closing_cursor` points to the next one to close.
    `allocated`: the sum of its active quota allocations, by field. `hard_limit`: the amount of its hard budget in
    micros; once it is used up, no session starts. `fee_year`: the terms of the year of its yearly plan in which the
    closing cursor is; None on a monthly plan, and for an account stored without it. `corrections`: by the start of each
    closed period that void or reissued invoices billed; the next invoice bills these periods again.
    `email_unconfirmed`: nobody has used a link of a mail to the email yet.
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
    recent: RecentChanges = field(default_factory=RecentChanges)
    wallet: Wallet = field(default_factory=Wallet)
    receivables: Receivables = field(default_factory=Receivables)
    billing: BillingTerms = field(default_factory=BillingTerms)
    suspension: Suspension = field(default_factory=Suspension)
    fee_year: FeeTerms | None = None
    corrections: Mapping[str, Correction] = field(default_factory=dict)
    allocated: Mapping[str, int] = field(default_factory=dict)
    hard_limit: int | None = None
    email_unconfirmed: bool = False

    @property
    def time_zone(self) -> str:
        """The time zone that was set last. The current period may still use an earlier one."""
        return self.schedule.zone


@dataclass(frozen=True, slots=True)
class User:
    """Who signs in. A user belongs to one account; `is_root` users manage it.

    An invited user has no password yet. Sign-in sessions store the user's `generation` and end when it changes.
    `quota`: a copy of the active allocation's limits, so that starting a session reads no allocation. `request_id`: the
    pending quota request. `email_unconfirmed`: as of the account.
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
    email_unconfirmed: bool = False

    @property
    def allocation(self) -> UserAllocation | None:
        """The user's active allocation."""
        if self.allocation_id is None:
            return None
        return UserAllocation(self.account_id, self.id, self.allocation_id, self.quota)


def require_root(user: User) -> None:
    """Forbidden `root_user_required` for other users."""
    if not user.is_root:
        raise Forbidden("This needs a root user of the account", code="root_user_required")


def require_existing(account: Account) -> None:
    """NotFound for a deleted account."""
    if account.status == "deleted":
        raise NotFound("There is no such account", resource="account")


def require_active(account: Account) -> None:
    """Forbidden `account_suspended`: such an account reads and pays, but starts nothing. NotFound if deleted."""
    require_existing(account)
    if account.status == "suspended":
        raise Forbidden("This account is suspended", code="account_suspended")


def require_active_user(user: User) -> None:
    """Forbidden `user_suspended`, `user_disabled`."""
    if user.status != "active":
        raise Forbidden(f"This user is {user.status}", code=f"user_{user.status}")
