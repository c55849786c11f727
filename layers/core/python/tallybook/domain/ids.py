"""Ids are UUIDs of version 7 inside; each dialect shows the same one with its own prefix.

A thing that must exist once does not get a new id but one derived from its cause (`derived_id`), so that doing it
twice names the same thing.
"""

import hashlib
import re
import uuid
from datetime import UTC, datetime, timedelta

from tallybook.domain.errors import Invalid

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

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SHAPE = re.compile(r"[A-Za-z0-9-]{1,64}")


def new_id(now: datetime, entropy: bytes) -> str:
    """A UUIDv7: 48 bits of milliseconds, then `entropy` (10 random bytes) with version and variant set."""
    value = (now - _EPOCH) // timedelta(milliseconds=1) << 80 | int.from_bytes(entropy[:10])
    value &= ~(0xF << 76) & ~(0x3 << 62)
    return str(uuid.UUID(int=value | 0x7 << 76 | 0x2 << 62))


def derived_id(*cause: str) -> str:
    """The same cause gives the same id: a UUIDv8 over the SHA-256 of the parts, each with its length."""
    text = "".join(f"{len(part)}:{part}" for part in cause)
    value = int.from_bytes(hashlib.sha256(text.encode()).digest()[:16])
    value &= ~(0xF << 76) & ~(0x3 << 62)
    return str(uuid.UUID(int=value | 0x8 << 76 | 0x2 << 62))


def strip_prefix(text: object, prefix: str, *, field: str) -> str:
    """As `read_id`; Invalid, with the field's name, if the text is malformed."""
    try:
        return read_id(text, prefix)
    except ValueError as error:
        raise Invalid(f"{field} {error}", field=field) from error


def read_id(text: object, prefix: str) -> str:
    """`acc-1` -> `1`; ValueError unless the text is the prefix and 1 to 64 of [A-Za-z0-9-]."""
    if not isinstance(text, str) or not text.startswith(prefix) or not _SHAPE.fullmatch(text[len(prefix) :]):
        raise ValueError(f"must be {prefix!r} and 1 to 64 letters, digits or hyphens")
    return text[len(prefix) :]
