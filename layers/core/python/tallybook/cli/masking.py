"""Masks secrets in what the command prints about failures and writes into reports.

A secret is recognized by its form, by the name before it, or because it is the value of a variable with such a name.
"""

import os
import re

from tallybook.domain.audit import MASK

_NAMED = r"(?:authorization|x-api-key|x-amz-security-token|set-cookie|cookie)"
_WORDS = r"[\w-]*(?:password|passwd|secret|token|api_?key|platform_key|access_?key|signature|credential)[\w-]*"
_VALUE = r"(?![(\[{\s])[^\s'\",;)}&]+"
_FORMS = (
    (re.compile(r"(?<![A-Za-z0-9])((?:sk|pk)-|(?:sess|pwt)_|tk-us-)[A-Za-z0-9_-]{8,}"), rf"\1{MASK}"),
    (re.compile(r"\b(AKIA|ASIA)[A-Z0-9]{8,}"), rf"\1{MASK}"),
    (re.compile(r"\$2[aby]\$\d\d\$[./A-Za-z0-9]+"), MASK),
    (re.compile(r"(://)[^/\s@'\"]+@"), rf"\1{MASK}@"),
    (re.compile(rf"({_NAMED}['\"]?\s*[:=]\s*b?['\"]?)[^'\"\n]+", re.IGNORECASE), rf"\1{MASK}"),
    (re.compile(r"\b(AWS4-HMAC-SHA256|Basic|Bearer)( +)[^'\"\n]+"), rf"\1\2{MASK}"),
    (
        re.compile(rf"(\b{_WORDS}(?:['\"]\s*:|['\"]?\s*=)\s*b?['\"]?){_VALUE}", re.IGNORECASE),
        rf"\1{MASK}",
    ),
)
_SECRET_NAME = re.compile(r"KEY|SECRET|TOKEN|PASSW|SESSION|CREDENTIAL", re.IGNORECASE)
_PLACE_NAME = re.compile(r"(FILE|PATH|DIR)$", re.IGNORECASE)
_RANDOM_NAME = re.compile(r"SECRET|PASSW|SESSION_TOKEN", re.IGNORECASE)
_SHORTEST = 6


def mask(text: str) -> str:
    """The text with `***` in place of secrets; what remains says of which kind they were."""
    for value in _values():
        text = text.replace(value, MASK)
    for form, replacement in _FORMS:
        text = form.sub(replacement, text)
    return text


def _values() -> list[str]:
    """The values of variables whose names are those of secrets, the longest first."""
    values = {
        value
        for name, value in os.environ.items()
        if _SECRET_NAME.search(name) and len(value) >= _SHORTEST and not _is_id_or_path(name, value)
    }
    return sorted(values, key=len, reverse=True)


def _is_id_or_path(name: str, value: str) -> bool:
    """Whether it is a number like that of a login session, or a path; a password or an AWS secret may look like one."""
    if value.startswith("/") and _PLACE_NAME.search(name):
        return True
    return (value.isdecimal() or value.startswith("/")) and not _RANDOM_NAME.search(name)
