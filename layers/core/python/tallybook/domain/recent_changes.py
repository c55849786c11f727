"""How many changes the users of an account may make in a minute. Source: docs/identity.md, "Audit log".

Changes by users and their API keys count. The platform, the operator and the jobs are trusted and are not counted; a
confirmation by link has a limit of its own.
"""

from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple

from tallybook.domain.errors import TooManyRequests

MOST = 300

COUNTED = frozenset({"user", "api_key"})
"""The kinds of actors whose changes count."""

NEVER_REFUSED = frozenset(
    {
        *("user.signed_in", "user.signed_out", "user.password_changed"),
        *("user.suspended", "user.deleted", "api_key.revoked"),
    }
)
"""Actions that end access, and the sign-in that they need. They count, but are never refused: else an intruder could
use up the limit, and nobody could end the intruder's access. Each undoes an action that may be refused, or has a limit
of its own.
"""


class RecentChanges(NamedTuple):
    """How many changes an account's users `made` in the `minute`, in minutes since 1970."""

    minute: int = 0
    made: int = 0


def count_changes(recent: RecentChanges, actions: Collection[str], *, now: datetime) -> RecentChanges:
    """With one more change for each of these actions; TooManyRequests over 300 in the minute of `now`."""
    minute, second = divmod(int(now.timestamp()), 60)
    count = (recent.made if recent.minute == minute else 0) + len(actions)
    if count > MOST and NEVER_REFUSED.isdisjoint(actions):
        raise TooManyRequests("This account changes too often; try again later", retry_after=60 - second)
    return RecentChanges(minute, count)
