"""Rules for the texts that users write: passwords, names, descriptions, reasons. Emails are in `emails`.

Each check returns the text; it raises Invalid, with the name of the field, if the text breaks a rule.
"""

import re
import unicodedata

from tallybook.domain.errors import Invalid

_INVISIBLE_LETTERS = "\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2065\u2800\u3164\uffa0\ufff0-\ufff8\U0001d159"
_VARIANTS = "\ufe00-\ufe0f\U000e0100-\U000e01ef"
_IGNORABLE = f"[{_INVISIBLE_LETTERS}{_VARIANTS}\U000e0000-\U000e0fff]"
"""What shows nothing although its category is not Cf: Unicode's default-ignorable characters, and blank symbols."""

_VARIANT = f"([^\\x00-\\x7f])[{_VARIANTS}]|([0-9#*])\ufe0f(?=\u20e3)"
_JOINER = "(?<=[^\\x00-\\x7f\u200c\u200d])[\u200c\u200d](?=[^\\x00-\\x7f\u200c\u200d])"
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
    """1 to 100 characters, not only spaces; no control characters, and no invisible ones.

    A joiner or a variation selector may follow a character that is not ASCII: emoji and some scripts need them.
    """
    if not text.strip() or len(text) > 100 or _controls(text) or any(map(_is_invisible, _without_shaping(text))):
        raise Invalid(
            f"{field} must have 1 to 100 characters and no control characters or invisible ones",
            code="invalid_name",
            field=field,
        )
    return text


def check_description(text: str, *, field: str = "description") -> str:
    """Up to 1,000 characters; line breaks and tabs are the only control characters."""
    if len(text) > 1000 or any(char not in "\n\r\t" for char in _controls(text)):
        raise Invalid(f"{field} must have at most 1000 characters and no control characters", field=field)
    return text


def check_text(text: str, *, field: str) -> str:
    """As `check_description`, and with a visible character."""
    if not _has_visible(text):
        raise Invalid(f"{field} must have 1 to 1000 characters", field=field)
    return check_description(text, field=field)


def check_reason(text: str, *, field: str = "reason") -> str:
    """1 to 1,000 characters, at least one of them visible; no control characters."""
    if not _has_visible(text) or len(text) > 1000 or _controls(text):
        raise Invalid(f"{field} must have 1 to 1000 characters and no control characters", field=field)
    return text


def _has_visible(text: str) -> bool:
    return not all(char.isspace() or _is_invisible(char) for char in text)


def _is_invisible(char: str) -> bool:
    """Whether it shows nothing, or changes the text's direction, and is no space."""
    return unicodedata.category(char) in ("Cf", "Zl", "Zp") or re.match(_IGNORABLE, char) is not None


def _without_shaping(text: str) -> str:
    """The text without the selectors and joiners that change how visible characters look."""
    return re.sub(_JOINER, "", re.sub(_VARIANT, r"\1\2", text))


def _controls(text: str) -> list[str]:
    return [char for char in text if unicodedata.category(char) in ("Cc", "Cs")]
