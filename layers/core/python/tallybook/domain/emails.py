"""Email addresses: which are valid, how they are shown, and which are one mailbox.

An address is shown as it was written, in lower case. Its domain may be international: `user@müller.de` and
`user@xn--mller-kva.de` are one mailbox. Mail goes to the second form, and whatever compares addresses compares it.
Source: IDNA 2008 (RFC 5891) with the mapping of UTS 46; RFC 1123, 2.1; docs/identity.md, "Email addresses".
"""

import re
from collections.abc import Iterable

from tallybook.domain.errors import Invalid

_LABEL = "[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_EMAIL = (
    r"(?![.])(?!.*[.][.])[a-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}(?<![.])"
    rf"@(?=.{{1,253}}$)(?:{_LABEL}[.])+(?![0-9]+$){_LABEL}"
)
_LONGEST_DOMAIN = 253
_BRACKETS = r"<([^<>]*)>\s*$"
_SCHEME = r"^\s*(?:rfc822\s*;|mailto:)"


def normalize_email(text: str, *, field: str = "email") -> str:
    """The address as it is shown: in lower case, without surrounding space; its domain may be international.

    Invalid `invalid_email` unless the local part is ASCII, and the domain has two or more labels, of 1 to 63 letters,
    digits and inner hyphens in its ASCII form, together at most 253, the last not only digits.
    """
    local, at, domain = text.strip().partition("@")
    shown, sent_to = _international(domain) or (domain.lower(), domain.lower())
    email = f"{local.lower()}{at}{shown}"
    if not local.isascii() or not re.fullmatch(_EMAIL, f"{local.lower()}{at}{sent_to}"):
        raise Invalid(f"{field} is not a valid email address", code="invalid_email", field=field)
    return email


def mailbox(address: str) -> str:
    """What is equal for every form of one mailbox, and what mail is sent to: in lower case, with an ASCII domain.

    A text that is no address is returned in lower case, without surrounding space.
    """
    if address.isascii():
        return address.strip().lower()
    local, at, domain = address.strip().rpartition("@")
    found = _international(domain) if at else None
    return f"{local.lower()}@{found[1]}" if found else address.strip().lower()


def distinct(addresses: Iterable[str]) -> tuple[str, ...]:
    """Each mailbox once, in its first form, in lower case, in the given order."""
    first: dict[str, str] = {}
    for address in addresses:
        first.setdefault(mailbox(address), address.strip().lower())
    return tuple(first.values())


def address_in(text: str) -> str:
    """The mailbox in a mail server's text like `"Lovelace, Ada" <ada@example.com>` or `rfc822; ada@example.com`."""
    brackets = re.search(_BRACKETS, text)
    plain = re.sub(_SCHEME, "", brackets[1] if brackets else text, flags=re.IGNORECASE)
    return mailbox(plain.replace('"', "").strip(" \t\r\n'"))


def addresses_written_to(destination: Iterable[str], reported: Iterable[str]) -> tuple[str, ...]:
    """Those mailboxes that a mail was written to, which a bounce or complaint is about.

    A mail server reports the final recipient, which a forwarding may have changed. So the only address of a mail is
    meant, whatever is reported; of several, those that are reported. Without a `destination`, the reported ones.
    """
    written, named = _mailboxes(destination), _mailboxes(reported)
    if len(written) == 1:
        return written
    return tuple(address for address in named if not written or address in written)


def _mailboxes(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(filter(None, map(address_in, texts))))


def _international(domain: str) -> tuple[str, str] | None:
    """The domain as it is shown and its ASCII form; None if it is ASCII already, or no valid domain."""
    if domain.isascii() or len(domain) > _LONGEST_DOMAIN:
        return None
    import idna  # noqa: PLC0415 its tables are slow to load, and few addresses need them

    try:
        shown = idna.uts46_remap(domain, std3_rules=True)
        return shown, idna.encode(shown, std3_rules=True).decode()
    except UnicodeError:
        return None
