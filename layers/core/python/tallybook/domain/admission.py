"""Admission: every reason why a session may not start, each with its limit and the value that was compared with it.

The plan's sandbox limits apply to the session's size. Quotas apply to running sessions, and to usage of the current
period, of the user and of the whole account. Source: docs/money.md, "Quotas", "Budgets"; docs/decisions.md, "What the
platform needs".
"""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import NamedTuple

from tallybook.domain.accounts import Account, User
from tallybook.domain.catalog import Plan
from tallybook.domain.errors import Forbidden
from tallybook.domain.money import in_units
from tallybook.domain.quotas import CONCURRENT, GAUGE, MONTHLY, Quota
from tallybook.domain.sessions import SessionRequest
from tallybook.domain.usage import decimal_text

type Used = Mapping[str, Decimal]
"""What was used of each quota field in the current period; of template storage, the gauge."""


class Reason(NamedTuple):
    """`limit` and `current` are None if the reason is a status."""

    code: str
    limit: int | Decimal | None = None
    current: int | Decimal | None = None


class NotAdmitted(Forbidden):
    """The session may not start; `reasons` holds every reason."""

    code = "admission_refused"

    def __init__(self, reasons: tuple[Reason, ...]) -> None:
        status = next((reason.code for reason in reasons if reason.code in _STATUS_MESSAGES), None)
        message = _STATUS_MESSAGES[status] if status else "The session may not start: " + _describe(reasons)
        super().__init__(message, code=status)
        self.reasons = reasons


_STATUS_MESSAGES = {
    "account_suspended": "This account is suspended",
    "user_suspended": "This user is suspended",
    "user_disabled": "This user is disabled",
}


def reasons_against(
    request: SessionRequest,
    account: Account,
    user: User,
    plan: Plan,
    *,
    by_user: Used,
    by_account: Used,
    spent: int = 0,
) -> tuple[Reason, ...]:
    """Every reason, in a fixed order; empty if the session may start. `spent`: the period's cost so far, in micros."""
    return (
        *_status(account, user),
        *_sizes(request, plan),
        *_concurrency("account", account.counts.running_count, plan.quotas),
        *_used_up("account", by_account, plan.quotas),
        *_restricted(account, spent),
        *_concurrency("user", user.running_count, user.quota),
        *_used_up("user", by_user, user.quota),
    )


def _status(account: Account, user: User) -> Iterator[Reason]:
    if account.status != "active":
        yield Reason(f"account_{account.status}")
    if user.status != "active":
        yield Reason(f"user_{user.status}")


def _sizes(request: SessionRequest, plan: Plan) -> Iterator[Reason]:
    sizes: Mapping[str, Decimal | int] = {
        "max_cpu_cores_per_sandbox": request.cpu_cores,
        "max_memory_gb_per_sandbox": request.memory_gb,
        "max_storage_gb_per_sandbox": request.storage_gb,
        "max_sandbox_timeout_seconds": request.timeout_seconds,
    }
    for code, size in sizes.items():
        limit = plan.limits.get(code)
        if limit is not None and size > limit:
            yield Reason(code, limit, size)


def _concurrency(owner: str, running: int, quota: Quota) -> Iterator[Reason]:
    if CONCURRENT in quota and running >= quota[CONCURRENT]:
        yield Reason(f"{owner}_{CONCURRENT}", quota[CONCURRENT], running)


def _used_up(owner: str, used: Used, quota: Quota) -> Iterator[Reason]:
    """A monthly field refuses from its limit on, because nothing is left to use; storage only above its limit."""
    for name in MONTHLY:
        if name in quota and used.get(name, Decimal(0)) >= quota[name]:
            yield Reason(f"{owner}_{name}", quota[name], used.get(name, Decimal(0)))
    if GAUGE in quota and used.get(GAUGE, Decimal(0)) > quota[GAUGE]:
        yield Reason(f"{owner}_{GAUGE}", quota[GAUGE], used.get(GAUGE, Decimal(0)))


def _restricted(account: Account, spent: int) -> Iterator[Reason]:
    """The hard budget, if it is used up; amounts in units of the catalog's currency."""
    if account.hard_limit is not None and spent >= account.hard_limit:
        yield Reason("budget_restricted", in_units(account.hard_limit), in_units(spent))


def _describe(reasons: tuple[Reason, ...]) -> str:
    """Like "user_concurrent_sandboxes: 3 of 3"."""
    return "; ".join(f"{reason.code}: {_number(reason.current)} of {_number(reason.limit)}" for reason in reasons)


def _number(value: int | Decimal | None) -> str:
    return decimal_text(Decimal(value or 0))
