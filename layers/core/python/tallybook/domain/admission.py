"""Whether a session may start: every reason against it, each with the limit and what it was compared with.

Source: money, "Quotas" and "Budgets"; decisions, "What the platform needs". Limits per sandbox bind the session itself;
the rest is compared with what its user and the whole account run and have used in the present period.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

from tallybook.domain.accounts import Account, User
from tallybook.domain.catalog import Plan
from tallybook.domain.errors import Forbidden
from tallybook.domain.money import in_units
from tallybook.domain.quotas import CONCURRENT, GAUGE, MONTHLY, Quota
from tallybook.domain.sessions import SessionRequest
from tallybook.domain.usage import plain

type Used = Mapping[str, Decimal]
"""Of quota fields, within the period; of template storage, the level."""


@dataclass(frozen=True, slots=True)
class Reason:
    """`limit` and `current` are null where it is no number that is in the way."""

    code: str
    limit: int | Decimal | None = None
    current: int | Decimal | None = None


class NotAdmitted(Forbidden):
    """The session may not start: `reasons` has them all."""

    code = "admission_refused"

    def __init__(self, reasons: tuple[Reason, ...]) -> None:
        standing = next((reason.code for reason in reasons if reason.code in _STANDING), None)
        message = _STANDING[standing] if standing else "The session may not start: " + _told(reasons)
        super().__init__(message, code=standing)
        self.reasons = reasons


_STANDING = {
    "account_suspended": "This account is suspended",
    "user_suspended": "This user is suspended",
    "user_disabled": "This user is disabled",
}


def reasons_against(
    wanted: SessionRequest,
    account: Account,
    user: User,
    plan: Plan,
    *,
    by_user: Used,
    by_account: Used,
    spent: int = 0,
) -> tuple[Reason, ...]:
    """All that stands in the way, none if nothing does. `spent` is what the period has come to, in micros."""
    return (
        *_standing(account, user),
        *_sizes(wanted, plan),
        *_concurrency("account", account.counts.running_count, plan.quotas),
        *_used_up("account", by_account, plan.quotas),
        *_restricted(account, spent),
        *_concurrency("user", user.running_count, user.quota),
        *_used_up("user", by_user, user.quota),
    )


def _standing(account: Account, user: User) -> Iterator[Reason]:
    if account.status != "active":
        yield Reason(f"account_{account.status}")
    if user.status != "active":
        yield Reason(f"user_{user.status}")


def _sizes(wanted: SessionRequest, plan: Plan) -> Iterator[Reason]:
    sizes: Mapping[str, Decimal | int] = {
        "max_cpu_cores_per_sandbox": wanted.cpu_cores,
        "max_memory_gb_per_sandbox": wanted.memory_gb,
        "max_storage_gb_per_sandbox": wanted.storage_gb,
        "max_sandbox_timeout_seconds": wanted.timeout_seconds,
    }
    for code, size in sizes.items():
        limit = plan.limits.get(code)
        if limit is not None and size > limit:
            yield Reason(code, limit, size)


def _concurrency(whose: str, running: int, quota: Quota) -> Iterator[Reason]:
    if CONCURRENT in quota and running >= quota[CONCURRENT]:
        yield Reason(f"{whose}_{CONCURRENT}", quota[CONCURRENT], running)


def _used_up(whose: str, used: Used, quota: Quota) -> Iterator[Reason]:
    """What is used up within a period leaves nothing to run with; storage is in the way only where it is too much."""
    for name in MONTHLY:
        if name in quota and used.get(name, Decimal(0)) >= quota[name]:
            yield Reason(f"{whose}_{name}", quota[name], used.get(name, Decimal(0)))
    if GAUGE in quota and used.get(GAUGE, Decimal(0)) > quota[GAUGE]:
        yield Reason(f"{whose}_{GAUGE}", quota[GAUGE], used.get(GAUGE, Decimal(0)))


def _restricted(account: Account, spent: int) -> Iterator[Reason]:
    """In the catalog's currency."""
    if account.hard_limit is not None and spent >= account.hard_limit:
        yield Reason("budget_restricted", in_units(account.hard_limit), in_units(spent))


def _told(reasons: tuple[Reason, ...]) -> str:
    """user_concurrent_sandboxes: 3 of 3."""
    return "; ".join(f"{reason.code}: {_number(reason.current)} of {_number(reason.limit)}" for reason in reasons)


def _number(value: int | Decimal | None) -> str:
    return plain(Decimal(value or 0))
