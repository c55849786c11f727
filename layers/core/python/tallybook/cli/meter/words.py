"""What a refusal means, in words, with the value that was refused and the limit."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from tallybook.domain.usage import MAX_AGE, MAX_AHEAD, Rejection

_AHEAD = f"{MAX_AHEAD.total_seconds() / 60:.0f} minutes"

EVENTS: Mapping[Rejection, tuple[str, str]] = {
    "too_old": ("time", f"the time is more than {MAX_AGE.days} days ago"),
    "too_far_ahead": ("time", f"the time is more than {_AHEAD} ahead of the server's"),
    "before_account": ("time", "the time is before the account was created"),
    "unknown_account": ("subject", "there is no such account"),
    "account_deleted": ("subject", "the account is deleted"),
    "source_not_allowed": ("source", "the platform key may not send this source (its source_prefix)"),
    "unknown_meter": ("data.meter", "the catalog has no such meter"),
    "unknown_sku": ("data.sku", "the meter has no price for this sku"),
    "retry": ("", "the server could not count it in time: send it again"),
}
"""For each reason of a rejected event: the field whose value was refused, and what is wrong."""

_STATUSES = {
    "account_suspended": "the account is suspended",
    "account_deleted": "the account is deleted",
    "user_suspended": "the user is suspended",
    "user_disabled": "the user is disabled",
    "user_deleted": "the user is deleted",
}
_SIZES = {
    "max_cpu_cores_per_sandbox": "CPU cores",
    "max_memory_gb_per_sandbox": "GB of memory",
    "max_storage_gb_per_sandbox": "GB of storage",
    "max_sandbox_timeout_seconds": "seconds of timeout",
}
_QUOTAS = {
    "concurrent_sandboxes": "sessions at once",
    "cpu_seconds_monthly": "CPU seconds a month",
    "ram_gb_seconds": "GB-seconds of memory a month",
    "sandbox_storage_gb_seconds": "GB-seconds of storage a month",
    "traffic_gb_seconds": "GB-seconds of traffic a month",
    "template_storage_gb": "GB of templates",
}


def event_words(reason: str) -> str:
    """A reason of the table with its words; another one is in words already."""
    known = EVENTS.get(reason)  # type: ignore[call-overload]  # it may be no key
    return f"{reason}: {known[1]}" if known else reason


def refused_value(reason: str, event: bytes) -> str | None:
    """The field and its value that the reason is about, as in `time "2026-05-01T00:00:00Z"`; None if it is none."""
    known = EVENTS.get(reason)  # type: ignore[call-overload]  # it may be no key
    path = known[0] if known else reason.split(" ", maxsplit=1)[0]
    value: Any = json.loads(event)
    if not path or not isinstance(value, dict):
        return None
    for name in path.split("."):
        if not isinstance(value, dict) or (name not in value and not known):
            return None
        value = value.get(name)
    text = json.dumps(value, ensure_ascii=False)
    return f"{path} {text if len(text) <= 80 else text[:80] + '…'}"


def session_words(reasons: Sequence[Mapping[str, Any]]) -> str:
    """Why a session was not admitted; each reason once, with its code, the value and the limit."""
    return "; ".join(f"{_session_reason(reason)} ({reason.get('code')})" for reason in reasons)


def _session_reason(reason: Mapping[str, Any]) -> str:
    code, limit, current = str(reason.get("code")), reason.get("limit"), reason.get("current")
    if code in _STATUSES:
        return _STATUSES[code]
    if code in _SIZES:
        return f"{current:g} {_SIZES[code]} were asked for, the plan allows {limit:g} in one sandbox"
    if code == "budget_restricted":
        return f"the hard budget is used up: {current:g} of {limit:g}"
    owner, _, field = code.partition("_")
    if field in _QUOTAS:
        return f"the {owner} has used {current:g} of {limit:g} {_QUOTAS[field]}"
    return f"{code}: {current} of {limit}"
