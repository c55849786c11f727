"""Rules for the texts that users write: emails, passwords, names, descriptions, reasons.

Each check returns the text; it raises Invalid, with the name of the field, if the text breaks a rule.
"""

import re
import unicodedata

from tallybook.domain.errors import Invalid

_EMAIL = r"[a-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@(?=.{1,255}$)[a-z0-9-]{1,63}(\.[a-z0-9-]{1,63})+"
_BIDI_CONTROLS = "[\u202a-\u202e\u2066-\u2069]"
_MIN_PASSWORD = 8
_MAX_PASSWORD = 1024


def normalize_email(text: str, *, field: str = "email") -> str:
    """The email in lower case, without surrounding space; Invalid `invalid_email` unless it is an ASCII address."""
    email = text.strip().lower()
    if not text.isascii() or not re.fullmatch(_EMAIL, email) or ".." in email or email.startswith(".") or ".@" in email:
        raise Invalid(f"{field} is not a valid email address", code="invalid_email", field=field)
    return email


def check_password(text: str) -> str:
    """8 to 1,024 characters; Invalid `weak_password`."""
    if not _MIN_PASSWORD <= len(text) <= _MAX_PASSWORD:
        raise Invalid(
            f"password must have {_MIN_PASSWORD} to {_MAX_PASSWORD} characters", code="weak_password", field="password"
        )
    return text


def check_name(text: str, *, field: str = "name") -> str:
    """1 to 100 characters, not only spaces; no control characters, and none that change the text's direction."""
    if not text.strip() or len(text) > 100 or _controls(text) or re.search(_BIDI_CONTROLS, text):
        raise Invalid(
            f"{field} must have 1 to 100 characters and no control characters", code="invalid_name", field=field
        )
    return text


def check_description(text: str, *, field: str = "description") -> str:
    """Up to 1,000 characters; line breaks and tabs are the only control characters."""
    if len(text) > 1000 or any(char not in "\n\r\t" for char in _controls(text)):
        raise Invalid(f"{field} must have at most 1000 characters and no control characters", field=field)
    return text


def check_text(text: str, *, field: str) -> str:
    """As `check_description`, and not only spaces."""
    if not text.strip():
        raise Invalid(f"{field} must have 1 to 1000 characters", field=field)
    return check_description(text, field=field)


def check_reason(text: str, *, field: str = "reason") -> str:
    """1 to 1,000 characters, not only spaces; no control characters."""
    if not text.strip() or len(text) > 1000 or _controls(text):
        raise Invalid(f"{field} must have 1 to 1000 characters and no control characters", field=field)
    return text


def _controls(text: str) -> list[str]:
    return [char for char in text if unicodedata.category(char) in ("Cc", "Cs")]
