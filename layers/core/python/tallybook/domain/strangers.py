"""What somebody typed, as it may be shown to a stranger: without anything that a mail program makes a link of.

A stranger is an address that an account mails, but that no user of the account has confirmed. Their mail must not carry
a message of the account's: so a name or note in it contains no `://` and no text like a domain.
Source: docs/events-and-mail.md, "Mail to strangers".
"""

import re
import unicodedata
from collections.abc import Collection, Mapping
from typing import Any

from tallybook.domain.emails import mailbox

TYPED = ("account", "inviter", "requester", "name", "reason", "notes")
"""The variables of all templates that contain what somebody typed, or the email of somebody without a name."""

REMOVED = "(link removed)"
_UNSEEN = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0") | set(map(chr, range(0xFE00, 0xFE10)))
_ADDRESS = re.compile(r"[^\s@]+@[^\s@]+")
_LINK = re.compile(r"\S*(?:://|[^\s.\u3002][.\u3002][^\W\d_]{2}|\d+(?:[.\u3002]\d+){3})\S*")


def shown_addresses(context: Mapping[str, Any]) -> tuple[str, ...]:
    """The typed values that consist of one email address."""
    values = (context.get(name) for name in TYPED)
    return tuple(value for value in values if isinstance(value, str) and _ADDRESS.fullmatch(value))


def without_links(context: Mapping[str, Any], *, known: Collection[str]) -> dict[str, Any]:
    """The context with every link in a typed value removed, except a value that is one of the `known` addresses."""
    return {
        name: remove_links(value) if name in TYPED and isinstance(value, str) and value not in known else value
        for name, value in context.items()
    }


def remove_links(text: str) -> str:
    """The text with "(link removed)" for each word that contains `://`, a domain or an IPv4 address.

    Wide and invisible characters don't hide them. A text without links is returned as it is.
    """
    normal = unicodedata.normalize("NFKC", text)
    plain = "".join(char for char in normal if char not in _UNSEEN and unicodedata.category(char) != "Cf")
    return _LINK.sub(REMOVED, plain) if _LINK.search(plain) else text


def without_tag(email: str) -> str:
    """The mailbox without `+tag`: all of its tags are read by the same person."""
    local, at, domain = mailbox(email).partition("@")
    return f"{local.partition('+')[0] or local}{at}{domain}"
