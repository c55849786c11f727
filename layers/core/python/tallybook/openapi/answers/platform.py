"""Answers to the platform: results of usage events, sessions, admission, credits, accounts."""

from typing import Literal

from tallybook.domain.accounts import AccountStatus
from tallybook.openapi.answers.fields import AccountId, Answered, EntryId, Number, Seconds, UserId


class EventResult(Answered):
    id: str
    """The event's id; empty if it had none that can be read."""
    status: Literal["accepted", "duplicate", "conflict", "rejected"]
    """`duplicate`: the same event was counted before. `conflict`: another event of this source has the same id."""
    reason: str = ""
    """Why the event was rejected, for example `too_far_ahead`. `retry`: it was not counted, and may be sent again."""


class EventResults(Answered):
    accepted: int
    duplicates: int
    conflicts: int
    rejected: int
    results: list[EventResult]
    """One for each event, in the order sent."""


class StartedSession(Answered):
    session_id: str
    started_at: Seconds
    expires_at: Seconds
    """When it ends by itself."""
    status: Literal["running", "ended"]


class EndedSession(StartedSession):
    account_id: AccountId
    user_id: UserId
    ended_at: Seconds | None


class AdmissionReason(Answered):
    """Why a session may not start; without numbers if the reason is a status."""

    code: str
    """For example `user_concurrent_sandboxes`, `max_memory_gb_per_sandbox` or `account_suspended`."""
    limit: Number | None
    current: Number | None
    """What was compared with the limit."""


class Admission(Answered):
    allowed: bool
    reasons: list[AdmissionReason]
    """Every reason, not only the first."""


class AdmissionRefusal(Answered):
    reasons: list[AdmissionReason]
    """Every reason, not only the first."""


class LedgerEntry(Answered):
    entry_id: EntryId
    account_id: AccountId
    kind: Literal["grant", "adjustment"]
    amount: int
    """Credits; 1,000,000 are one unit of the currency."""
    reference: str
    note: str | None
    balance: int
    """The account's balance after the entry, in credits."""
    created_at: Seconds


class PlatformAccount(Answered):
    account_id: AccountId
    status: AccountStatus
    suspended_at: Seconds | None
    suspension_reason: str | None
    tax_rate: Number | None
    """Percent; null for the catalog's rate."""
    discount: Number
    """Percent."""
