"""The audit log: who changed what of an account, from where, and what it was before.

Entries of an account are numbered from 1 without a gap, so that they come one after the other. Usage and sessions, of
which there are many at once, tell of themselves instead. Secrets never stand in an entry: a password or key that
changed shows as `***`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from tallybook.domain.credentials import PlatformKey, Principal
from tallybook.domain.ids import API_KEY, PLATFORM_KEY, USER

type ActorKind = Literal["user", "api_key", "platform", "operator", "job", "anyone"]

MASK = "***"
_SECRET = ("password", "secret", "token", "hash")


@dataclass(frozen=True, slots=True)
class Actor:
    """Who did it: `id` is the user's, key's or platform key's, `user_id` whose key it was; `address` from where."""

    kind: ActorKind
    id: str | None = None
    user_id: str | None = None
    address: str | None = None


OPERATOR = Actor("operator")
INVOICING = Actor("job", "invoicing")
SESSIONS = Actor("job", "sessions")
QUOTAS = Actor("job", "quotas")
BUDGETS = Actor("job", "budgets")


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """`action` is what happened, like `user.suspended`; `target` the prefixed id of what it happened to."""

    account_id: str
    number: int
    at: datetime
    actor: Actor
    action: str
    target: str
    before: Mapping[str, Any]
    after: Mapping[str, Any]


def actor_of(principal: Principal) -> Actor:
    """A signed-in user as themselves; with an API key, the key of its user."""
    user_id = USER + principal.user.id
    if principal.credential.kind == "api_key":
        return Actor("api_key", API_KEY + principal.credential.id, user_id, principal.address)
    return Actor("user", user_id, user_id, principal.address)


def platform_actor(key: PlatformKey, *, address: str) -> Actor:
    return Actor("platform", PLATFORM_KEY + key.id, address=address)


def mask_secrets(values: Mapping[str, Any]) -> dict[str, Any]:
    """What may stand in the log: values of secret names are hidden, whatever they are."""
    return {
        name: MASK if value is not None and any(word in name for word in _SECRET) else value
        for name, value in values.items()
    }
