"""Cleans the settings in the environment of what copying adds: line ends, spaces, a BOM, quotes.

A key that was copied from a page or a file of Windows often has some of these around it. They belong to no setting.
"""

from collections.abc import MutableMapping
from urllib.parse import urlsplit

from tallybook.cli.stop import Stop

_PREFIXES = ("TALLYBOOK_", "AWS_")
_NAMES = ("CORE_TABLE", "USAGE_TABLE", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")
_KEYS = ("TALLYBOOK_PLATFORM_KEY", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
_ADDRESSES = ("TALLYBOOK_URL", "AWS_ENDPOINT_URL")
_QUOTES = "\"'`´‘’‚‛“”„‟«»‹›"
_INVISIBLE = "\ufeff\u200b\u200c\u200d\u2060\u00a0\u202a\u202c\u200e\u200f"


def clean_settings(environment: MutableMapping[str, str]) -> None:
    """Clean the settings of this command, of AWS and of the proxies in place."""
    for name, value in list(environment.items()):
        if name.startswith(_PREFIXES) or name.upper() in _NAMES:
            cleaned = clean(value)
            if cleaned != value:
                environment[name] = cleaned


def clean(text: str) -> str:
    """The text without space, control and invisible characters around it, nor quotes around those."""
    while (shorter := text.strip().strip(_INVISIBLE + "\0").strip(_QUOTES)) != text:
        text = shorter
    return text


def check_settings(environment: MutableMapping[str, str]) -> None:
    """Stop, without a key's value, if a key has a character that no key has, or if an address is none."""
    for name in _KEYS:
        wrong = [place for place, char in enumerate(environment.get(name, ""), 1) if not " " <= char <= "~"]
        if wrong:
            raise Stop(f"{name}: its character {wrong[0]} can't be in a key; copy the key again", code=2)
    for name, value in environment.items():
        if name in _ADDRESSES or name.startswith("AWS_ENDPOINT_URL_"):
            check_address(name, value)


def check_address(name: str, value: str) -> None:
    """Stop unless the setting is an http or https address, or empty."""
    try:
        parts = urlsplit(value)
        is_address = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_address = False
    if value and (not is_address or not value.isascii() or any(char.isspace() for char in value)):
        raise Stop(f"{name} must be an http or https address, like http://localhost:8000, not {value!r}", code=2)
