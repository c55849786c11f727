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

type AccountStatus = Literal["active", "suspended", "deleted"]
type UserStatus = Literal["active", "suspended", "disabled", "deleted"]
type Role = Literal["admin", "user"]

MAX_USERS = 1000
MAX_KEYS = 1000
MAX_KEYS_OF_USER = 50


class Counts(NamedTuple):
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


class Wallet(NamedTuple):
    """`balance` in micros, may be negative. `entry_count`: entries of the ledger.

    `credited`: the sum in micros of all credits except the welcome credit and refunds.
    """

    balance: int = 0
    entry_count: int = 0
    credited: int = 0


class BillingTerms(NamedTuple):
    """Percentages: `tax_rate`, where None means the catalog's, and the `discount` on plan fees."""

    tax_rate: Decimal | None = None
    discount: Decimal = Decimal(0)


class Suspension(NamedTuple):
    """`at` and `reason` of the current suspension; `milliseconds` of past ones, by the start of the billing period."""

    milliseconds: Mapping[str, int] = MappingProxyType({})
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
