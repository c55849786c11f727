"""The audit log: who changed what in an account, from which address, and the values before and after.

An account's entries are numbered from 1 without gaps. Usage and sessions have no entries, because there are too many
at once; their own items record them. Entries contain no secrets: a changed password or key shows as `***`. Because
entries are kept for ever, they contain no email addresses either: each shows as `a***@example.com`.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from tallybook.domain.ids import API_KEY, PLATFORM_KEY, USER

if TYPE_CHECKING:
    from tallybook.domain.credentials import PlatformKey, Principal  # jobs write entries, and have no callers

type ActorKind = Literal["user", "api_key", "platform", "operator", "job", "anyone"]

MASK = "***"
_SECRET = ("password", "secret", "token", "hash")
_LOCAL = r"[a-z0-9.!#$%&'*+/=?^_`{|}~-]"
_DOTS = r".\u3002\uff0e\uff61"
_DOT = f"[{_DOTS}]"
_LABEL = rf"[^\x00-\x2c/\x3a-\x40\x5b-\x60\x7b-\x7f\s{_DOTS}]+"
"""Letters and digits of any script, and hyphens: a domain may be international."""

_ADDRESS = rf"(?<!{_LOCAL})({_LOCAL}){_LOCAL}*@({_LABEL}(?:{_DOT}{_LABEL})+)"


class Actor(NamedTuple):
    """Who did something. `id`: of the user, API key, platform key or job. `user_id`: who used the session or key."""

    kind: ActorKind
    id: str | None = None
    user_id: str | None = None
    address: str | None = None


OPERATOR = Actor("operator")
INVOICING = Actor("job", "invoicing")
SESSIONS = Actor("job", "sessions")
QUOTAS = Actor("job", "quotas")
BUDGETS = Actor("job", "budgets")


class AuditEntry(NamedTuple):
    """`action` is what happened, like `user.suspended`; `target` is the prefixed id of what changed."""

    account_id: str
    number: int
    at: datetime
    actor: Actor
    action: str
    target: str
    before: Mapping[str, Any]
    after: Mapping[str, Any]


def actor_of(principal: "Principal") -> Actor:
    """For a session, the user; for an API key, the key with its user."""
    user_id = USER + principal.user.id
    if principal.credential.kind == "api_key":
        return Actor("api_key", API_KEY + principal.credential.id, user_id, principal.address)
    return Actor("user", user_id, user_id, principal.address)


def platform_actor(key: "PlatformKey", *, address: str) -> Actor:
    return Actor("platform", PLATFORM_KEY + key.id, address=address)


def mask_secrets(values: Mapping[str, Any]) -> dict[str, Any]:
    """The values, with `***` in place of each whose name contains a word like `password` or `token`."""
    return {
        name: MASK if value is not None and any(word in name for word in _SECRET) else value
        for name, value in values.items()
    }


def mask_addresses(value: Any) -> Any:
    """The value, with `a***@example.com` in place of each email address in its texts; masking twice changes nothing."""
    match value:
        case str():
            return re.sub(_ADDRESS, rf"\1{MASK}@\2", value, flags=re.IGNORECASE)
        case Mapping():
            return {name: mask_addresses(part) for name, part in value.items()}
        case list() | tuple():
            return [mask_addresses(part) for part in value]
    return value
