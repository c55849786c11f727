"""Rules for the texts that users write: passwords, names, descriptions, reasons. Emails are in `emails`.

Each check returns the text; it raises Invalid, with the name of the field, if the text breaks a rule.
"""

import re
import unicodedata

from tallybook.domain.errors import Invalid

_INVISIBLE_LETTERS = (
    "\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2065\u2800\u3164\uffa0\ufff0-\ufff8\U00016fe4\U0001d159"
)
_VARIANTS = "\ufe00-\ufe0f\U000e0100-\U000e01ef"
_IGNORABLE = f"[{_INVISIBLE_LETTERS}{_VARIANTS}\U000e0000-\U000e0fff]"
"""What shows nothing although its category is not Cf: Unicode's default-ignorable characters, and blank symbols."""

_VARIANT = f"([^\\x00-\\x7f])[{_VARIANTS}]|([0-9#*])\ufe0f(?=\u20e3)"
_JOINER = "(?<=[^\\x00-\\x7f\u200c\u200d])[\u200c\u200d](?=[^\\x00-\\x7f\u200c\u200d])"
_UNSEEN = frozenset({"Cf", "Zl", "Zp", "Cn", "Co", "Cs"})
MARKS = frozenset({"Mn", "Mc", "Me"})
"""Unicode's categories of accents, vowel signs and enclosing marks, which join the character before."""

_LONGEST_SOURCE = 256
_MIN_PASSWORD = 8
_MAX_PASSWORD = 1024
_LONGEST_DECOMPOSED = 4 * _MAX_PASSWORD


def check_password(text: str) -> str:
    """8 to 1,024 characters, counted in NFC as it is hashed; Invalid `weak_password`."""
    if not _MIN_PASSWORD <= len(composed_password(text)) <= _MAX_PASSWORD:
        raise Invalid(
            f"password must have {_MIN_PASSWORD} to {_MAX_PASSWORD} characters", code="weak_password", field="password"
        )
    return text


def composed_password(text: str) -> str:
    """The password in NFC, so that it is the same on a keyboard that writes `ä` as `a` with a separate mark.

    A text that is too long for any password is returned as it is: composing it could take seconds.
    """
    return text if len(text) > _LONGEST_DECOMPOSED else unicodedata.normalize("NFC", text)


def check_name(text: str, *, field: str = "name") -> str:
    """1 to 100 characters, one of them visible; no control characters, and none that are invisible or have no meaning.

    A joiner or a variation selector may follow a character that is not ASCII: emoji and some scripts need them.
    """
    if not is_shown(text) or len(text) > 100 or any(map(is_unseen, _without_shaping(text))):
        raise Invalid(
            f"{field} must have 1 to 100 characters and no control characters or invisible ones",
            code="invalid_name",
            field=field,
        )
    return text


def optional_name(text: str | None, *, field: str = "name") -> str | None:
    """The checked name; None for an empty text, which forms send for a name that is left out."""
    return check_name(text, field=field) if text else None


def check_line(text: str, *, field: str, longest: int = 1000) -> str:
    """1 to `longest` characters, at least one of them visible; no control characters."""
    if len(text) > longest or not is_shown(text):
        raise Invalid(f"{field} must have 1 to {longest} characters that can be seen, on one line", field=field)
    return text


def check_text(text: str, *, field: str) -> str:
    """As `check_line`, but with line breaks and tabs."""
    if len(text) > 1000 or not is_shown(_without_breaks(text)):
        raise Invalid(f"{field} must have 1 to 1000 characters that can be seen", field=field)
    return text


def check_description(text: str, *, field: str = "description") -> str:
    """As `check_text`, or empty."""
    return check_text(text, field=field) if text else text


def check_source_prefix(prefix: str | None) -> str | None:
    """The prefix; Invalid `source_prefix` unless it is 1 to 256 printable characters, at least one of them visible."""
    if prefix is not None and not (len(prefix) <= _LONGEST_SOURCE and prefix.isprintable() and is_shown(prefix)):
        raise Invalid(f"source_prefix must have 1 to {_LONGEST_SOURCE} printable characters", field="source_prefix")
    return prefix


def is_shown(text: str) -> bool:
    """Whether it has a visible character, and no control characters: the rule for all text that people see."""
    return _has_visible(text) and not _controls(text)


def is_unseen(char: str) -> bool:
    """Whether it is no space but shows nothing, changes the text's direction, or is a character without a meaning.

    Without a meaning are surrogates, private characters, noncharacters, and what this version of Unicode does not know.
    """
    return unicodedata.category(char) in _UNSEEN or re.match(_IGNORABLE, char) is not None


def _without_breaks(text: str) -> str:
    return text.replace("\n", " ").replace("\r", " ").replace("\t", " ")


def _has_visible(text: str) -> bool:
    """A mark is visible only on another character."""
    return not all(char.isspace() or is_unseen(char) or unicodedata.category(char) in MARKS for char in text)


def _without_shaping(text: str) -> str:
    """The text without the selectors and joiners that change how visible characters look."""
    return re.sub(_JOINER, "", re.sub(_VARIANT, r"\1\2", text))


def _controls(text: str) -> list[str]:
    return [char for char in text if unicodedata.category(char) in ("Cc", "Cs")]
