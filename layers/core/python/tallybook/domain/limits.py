"""Rate limits: how often one subject may do an action in a window."""

import hashlib
import ipaddress
from datetime import datetime, timedelta
from typing import NamedTuple

from tallybook.domain.times import EPOCH, whole_seconds

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


class Limit(NamedTuple):
    """At most `most` attempts in each `window`."""

    most: int
    window: timedelta = MINUTE


class Limits(NamedTuple):
    """The limit of each action. Source: docs/decisions.md, "Quota".

    `register`, `login`, `password` (its change), `reset` and `confirm` are counted for each network address; the first
    four also for each email. `login_email` and `password_email` are far above what one address may do: to use up a
    user's attempts and lock them out takes 100 addresses, in each minute again. 500 tries a minute are 2.6e8 a year, a
    10,000th of the 2.8e12 passwords of 8 letters and digits, and 2 processors busy with bcrypt of 1/4 s.

    The other actions mail people who may not have asked for it, so their limits are low:

    - `invite`: invitations that one account sends
    - `invited`: mails to one address, by invitations and requests to change an account's email
    - `change_email`: requests of one account, which reveal whether an email is registered
    - `quota_request`: requests of one user, each of which mails the account
    - `budget_mail`: recipients of mails about one account's budgets; three mails to one address for each of 20
      thresholds
    - `stranger`: mails to one person whom no account's user confirmed, from all accounts together
    """

    register: Limit = Limit(3)
    login: Limit = Limit(5)
    login_email: Limit = Limit(500)
    password: Limit = Limit(5)
    password_email: Limit = Limit(500)
    reset: Limit = Limit(3, HOUR)
    confirm: Limit = Limit(5)
    invite: Limit = Limit(30, HOUR)
    invited: Limit = Limit(3, HOUR)
    change_email: Limit = Limit(10, HOUR)
    quota_request: Limit = Limit(10, HOUR)
    budget_mail: Limit = Limit(60, DAY)
    stranger: Limit = Limit(10, DAY)


def window_of(now: datetime, window: timedelta) -> datetime:
    """The start of the window that contains the instant."""
    return EPOCH + (now - EPOCH) // window * window


def seconds_left(now: datetime, window: timedelta) -> int:
    """Seconds until the next window, rounded up: at least 1."""
    return whole_seconds(window_of(now, window) + window - now)


def network_of(address: str) -> str:
    """What counts as one client: an IPv4 address, or an IPv6 /64, because providers assign one to each customer."""
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
    """32 hex digits of the SHA-256, so that a key of the table has a bounded length and no personal data."""
    return hashlib.sha256(subject.encode()).hexdigest()[:32]
