"""Time zones: names and rules of the pinned `tzdata` package, on every machine. Source: docs/money.md, "Periods"."""

import zoneinfo
from datetime import UTC, tzinfo

from tallybook.domain.errors import Invalid

zoneinfo.reset_tzpath(to=())  # else the host's zone files would come first, with other names and other rules

DEFAULT_ZONE = "UTC"


def check_zone(name: str, *, field: str = "time_zone") -> str:
    """The name of an IANA time zone, like `Europe/Berlin`."""
    if name not in zoneinfo.available_timezones():
        raise Invalid(f"{field} must be the name of an IANA time zone, like Europe/Berlin", field=field)
    return name


def zone_of(name: str) -> tzinfo:
    """The zone's rules; UTC for a stored name that the package doesn't have, so that its account can be read."""
    try:
        return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        return UTC
