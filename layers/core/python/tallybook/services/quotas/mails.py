"""The mails about quotas, with the context of each template, and the readable names of the six fields."""

from collections.abc import Iterable, Mapping
from decimal import ROUND_FLOOR, Decimal

from tallybook.domain.accounts import Account, User
from tallybook.domain.ids import QUOTA_REQUEST
from tallybook.domain.outbox import Mail
from tallybook.domain.periods import Period, local_day
from tallybook.domain.quotas import FIELDS, GAUGE, MONTHLY, QuotaRequest, Use
from tallybook.domain.times import readable_day
from tallybook.domain.usage import grouped

NAMES: Mapping[str, str] = {
    "cpu_seconds_monthly": "CPU seconds a month",
    "ram_gb_seconds": "GB seconds of memory a month",
    "sandbox_storage_gb_seconds": "GB seconds of sandbox storage a month",
    "traffic_gb_seconds": "GB seconds of traffic a month",
    "template_storage_gb": "GB of template storage",
    "concurrent_sandboxes": "Sandboxes at the same time",
}


def requested_mail(account: Account, user: User, request: QuotaRequest) -> Mail:
    """To the account: who requests which limits, the current ones, and the reason."""
    requested = (name for name in FIELDS if name in request.quota)
    context = {
        "account": _display_name(account),
        "name": user.name,
        "email": user.email,
        "wishes": [
            {"quota": NAMES[name], "wanted": f"{request.quota[name]:,}", "now": _format_limit(user.quota.get(name))}
            for name in requested
        ],
        "reason": _one_line(request.reason),
        "request": QUOTA_REQUEST + request.id,
    }
    return Mail("quota_requested", (account.email,), context)


def reviewed_mail(account: Account, user: User, request: QuotaRequest) -> Mail:
    """To the user: the decision on their request."""
    context = {
        "account": _display_name(account),
        "approved": request.status == "approved",
        "numbers": [
            {"quota": NAMES[name], "wanted": f"{request.quota[name]:,}"} for name in FIELDS if name in request.quota
        ],
        "notes": request.review_notes and _one_line(request.review_notes),
    }
    return Mail("quota_reviewed", (user.email,), context)


def reached_mail(account: Account, to: str, uses: Iterable[Use], period: Period) -> Mail:
    """To the user: the fields of which 80 or 100 percent are used, and what follows from that."""
    uses = tuple(uses)
    monthly = any(use.field in MONTHLY for use in uses)
    context = {
        "account": _display_name(account),
        "period": f"{readable_day(period.first_day)} to {readable_day(period.last_day)}",
        "uses": [
            {
                "quota": NAMES[use.field],
                "percent": use.reached,
                "used": _round_down(use.used),
                "limit": _format_limit(use.limit),
            }
            for use in uses
        ],
        "percent": max(use.reached for use in uses),
        "next_period": readable_day(local_day(period.end, period.zone)) if monthly else None,
        "storage": any(use.field == GAUGE for use in uses),
    }
    return Mail("quota_reached", (to,), context)


def _display_name(account: Account) -> str:
    return account.display_name or account.email


def _one_line(text: str) -> str:
    """A user's text cannot look like another part of the mail."""
    return " ".join(text.split())


def _format_limit(amount: int | None) -> str | None:
    return None if amount is None else f"{amount:,}"


def _round_down(used: Decimal) -> str:
    """At most two decimals; rounded up, usage below a limit could look like the limit."""
    return grouped(used.quantize(Decimal("0.01"), rounding=ROUND_FLOOR))
