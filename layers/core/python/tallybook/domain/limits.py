"""How often somebody may try something: so many times within a window, counted for each who."""

import hashlib
import ipaddress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Limit:
    most: int
    window: timedelta = MINUTE


@dataclass(frozen=True, slots=True)
class Limits:
    """Attempts for each address that asks and for each email that is asked about (decisions, Quota).

    Resets and invitations are few, for each of them sends a mail to somebody who may not have asked for it: `invite` is
    what one account may send, `invited` what one address may get, by an invitation or to confirm that it is to be an
    account's; `change_email` is how often one account may try which addresses are free to become its own,
    `quota_request` how often one user may file a request, of which the account is told by mail, and
    `budget_mail` how many mails tell of one account's budgets, which name whom they like: three times as many as there
    are thresholds.
    """

    register: Limit = Limit(3)
    login: Limit = Limit(5)
    reset: Limit = Limit(3, HOUR)
    confirm: Limit = Limit(5)
    invite: Limit = Limit(30, HOUR)
    invited: Limit = Limit(3, HOUR)
    change_email: Limit = Limit(10, HOUR)
    quota_request: Limit = Limit(10, HOUR)
    budget_mail: Limit = Limit(60, DAY)


def window_of(now: datetime, window: timedelta) -> datetime:
    """The start of the window that holds the instant."""
    return _EPOCH + (now - _EPOCH) // window * window


def seconds_left(now: datetime, window: timedelta) -> int:
    """Until the next window, rounded up: at least 1."""
    left = window_of(now, window) + window - now
    return -(-left // timedelta(seconds=1))


def network_of(address: str) -> str:
    """What counts as one asker: an IPv4 address, or the /64 that one customer gets of IPv6."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv4Address):
        return str(parsed)
    if parsed.ipv4_mapped:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.ip_network(f"{parsed}/64", strict=False))


def hashed_subject(subject: str) -> str:
    """A short stand-in for an address or email of any length, so that no personal data stands in a key."""
    return hashlib.sha256(subject.encode()).hexdigest()[:32]
