"""Time zones, and instants for property tests."""

from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

ZONES = [
    "UTC",
    "Asia/Kolkata",
    "Europe/Berlin",
    "America/New_York",
    "America/St_Johns",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "Pacific/Kiritimati",
    "America/Sao_Paulo",
    "Africa/Casablanca",
    "Africa/Cairo",  # the last Friday of April, in some years at midnight
    "America/Asuncion",  # at midnight
    "America/Havana",
    "America/Nuuk",  # changes on a Saturday, local time
    "America/Santiago",
    "Antarctica/Troll",  # by two hours
    "Asia/Beirut",  # at midnight
    "Asia/Gaza",
    "Asia/Kathmandu",  # 5:45
    "Asia/Tehran",
    "Atlantic/Azores",
    "Australia/Eucla",  # 8:45
    "Europe/Dublin",
    "Pacific/Chatham",  # 12:45
    "Pacific/Kwajalein",
]


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


instants = st.integers(946_684_800_000, 2_145_830_400_000).map(  # 2000 to 2037
    lambda milliseconds: EPOCH + timedelta(milliseconds=milliseconds)
)
