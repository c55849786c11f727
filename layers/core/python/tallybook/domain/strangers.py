"""What somebody typed, as it may be shown to a stranger: without anything that a mail program makes a link of.

A stranger is an address that an account mails, but that no user of the account has confirmed. Their mail must not carry
a message of the account's: so a name or note in it contains no `://` and no text like a domain. Signing up confirms no
address, so this includes the account's own one until somebody used a link that was mailed there.
Source: docs/events-and-mail.md, "Mail to strangers".
"""

import re
import unicodedata
from collections.abc import Collection, Mapping
from typing import Any

from tallybook.domain.emails import mailbox
from tallybook.domain.text_rules import MARKS, is_unseen

TYPED = ("account", "inviter", "requester", "name", "reason", "notes", "key", "made_with")
"""The variables of all templates that contain what somebody typed, or the email of somebody without a name."""

TYPED_LISTS = ("keys", "ended_keys", "root_users")
"""The variables that are lists of things with a typed `name`."""

REMOVED = "(link removed)"
_ADDRESS = r"[^\s@]{1,64}@[^\s@]{1,253}"
_DOMAIN = r"[^\s.\u3002][.\u3002][^\W\d_]{2}"
_NUMBERS = r"\d+(?:[.\u3002]\d+){3}|\[[\da-fA-F]*:[\da-fA-F]*:[\da-fA-F:.]*\]"
_LINK = rf":[/\\]{{2}}|\\\\|{_DOMAIN}|{_NUMBERS}"
_TITLES = ("Dr", "Fr", "Mr", "Mrs", "Ms", "Mx", "Prof", "Sr", "St", "Ste")
_INITIALS = rf"(?<![^\s(\"'])(?:(?:[^\W\d_]|{'|'.join(_TITLES)})\.)+[^\W\d_][\w'’-]+(?=[)\"',;.!?]*(?:\s|$))"


def shown_addresses(context: Mapping[str, Any]) -> tuple[str, ...]:
    """The typed values that consist of one email address; none is too long for a key of the table."""
    values = (context.get(name) for name in TYPED)
    return tuple(value for value in values if isinstance(value, str) and re.fullmatch(_ADDRESS, value))


def without_links(context: Mapping[str, Any], *, known: Collection[str]) -> dict[str, Any]:
    """The context with every link in a typed value removed, except an address of one of the `known` mailboxes."""

    def clean(name: str, value: Any) -> Any:
        if name in TYPED_LISTS:
            return [{**one, "name": clean("name", one["name"])} for one in value]
        if name not in TYPED or not isinstance(value, str) or (known and mailbox(value) in known):
            return value
        return remove_links(value)

    return {name: clean(name, value) for name, value in context.items()}


def remove_links(text: str) -> str:
    """The text with "(link removed)" for each word that contains `://`, a domain, an IP address or a Windows path.

    Wide and invisible characters, accents and vowel signs don't hide them. Initials and titles before a name get a
    space, "A. Smith", because A.Page is a domain too; with the space no mail program makes a link of it. Another text
    without links is returned as it is.
    """
    normal = unicodedata.normalize("NFKC", text)
    plain = "".join(char for char in normal if not is_unseen(char))
    shown = re.sub(r"\S+", _remove_link, re.sub(_INITIALS, _set_apart, plain))
    return shown if shown != plain else text


def without_tag(email: str) -> str:
    """The mailbox without `+tag`: all of its tags are read by the same person."""
    local, at, domain = mailbox(email).partition("@")
    return f"{local.partition('+')[0] or local}{at}{domain}"


def _set_apart(found: re.Match[str]) -> str:
    """`J.R.Doe` as `J. R. Doe`; unchanged unless it is capital letters or titles before a capitalised word."""
    *initials, name = found[0].split(".")
    are_initials = all(initial.isupper() or initial in _TITLES for initial in initials)
    is_name = name[0].isupper() and not name.isupper()
    return ". ".join((*initials, name)) if are_initials and is_name else found[0]


def _remove_link(found: re.Match[str]) -> str:
    word = "".join(char for char in found[0] if unicodedata.category(char) not in MARKS)
    return REMOVED if re.search(_LINK, word) else found[0]
