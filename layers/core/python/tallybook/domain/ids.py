"""Ids are stored as UUIDs, mostly of version 7; each dialect presents them with its own prefix.

Things that one cause must create only once get an id derived from the cause (`derived_id`): a retry gets the same id.
"""

import hashlib
import re
import uuid
from datetime import datetime, timedelta

from tallybook.domain.errors import Invalid
from tallybook.domain.times import EPOCH

ACCOUNT = "acc-"
USER = "usr-"
API_KEY = "key-"
PLATFORM_KEY = "plk-"
SUBSCRIPTION = "sub-"
ENTRY = "led-"
INVOICE = "inv-"
PLAN_CHANGE = "chg-"
ALLOCATION = "qal-"
QUOTA_REQUEST = "qrq-"
BUDGET = "bud-"
NOTIFICATION = "ntf-"

_SHAPE = r"[A-Za-z0-9-]{1,64}"


def new_id(now: datetime, entropy: bytes) -> str:
    """A UUIDv7: 48 bits of milliseconds, then `entropy` (10 random bytes) with version and variant set."""
    value = (now - EPOCH) // timedelta(milliseconds=1) << 80 | int.from_bytes(entropy[:10])
    value &= ~(0xF << 76) & ~(0x3 << 62)
    return str(uuid.UUID(int=value | 0x7 << 76 | 0x2 << 62))


def derived_id(*cause: str) -> str:
    """A UUIDv8 from the SHA-256 of the parts, each with its length: the same cause gives the same id."""
    text = "".join(f"{len(part)}:{part}" for part in cause)
    value = int.from_bytes(hashlib.sha256(text.encode()).digest()[:16])
    value &= ~(0xF << 76) & ~(0x3 << 62)
    return str(uuid.UUID(int=value | 0x8 << 76 | 0x2 << 62))


def prefixed(prefix: str, id: str | None) -> str | None:
    """The id with its prefix; None for None."""
    return None if id is None else prefix + id


def strip_prefix(text: object, prefix: str, *, field: str) -> str:
    """As `parse_id`, but raises Invalid with the name of the field."""
    try:
        return parse_id(text, prefix)
    except ValueError as error:
        raise Invalid(f"{field} {error}", field=field) from error


def parse_id(text: object, prefix: str) -> str:
    """`acc-1` -> `1`; ValueError, with the rule, unless 1 to 64 of [A-Za-z0-9-] follow the prefix."""
    if not isinstance(text, str) or not text.startswith(prefix) or not re.fullmatch(_SHAPE, text[len(prefix) :]):
        raise ValueError(f"must be {prefix!r} and 1 to 64 letters, digits or hyphens")
    return text[len(prefix) :]
