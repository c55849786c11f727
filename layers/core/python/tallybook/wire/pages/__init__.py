"""The pages that links in mails open: each is one HTML document with its style and script inline.

The page's Content-Security-Policy has the hashes of that style and script, so the browser runs no injected script.
"""

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path
from string import Template
from types import MappingProxyType

TITLES: Mapping[str, str] = {
    "email": "Confirm the new email address",
    "forgotten": "Forgotten your password?",
    "password": "Set a new password",
}
"""Title by page name. `forgotten` asks for an email address; the others read their token from the URL's fragment."""

_SCRIPTS: Mapping[str, tuple[str, ...]] = {
    "email": ("send.js", "token.js", "email.js"),
    "forgotten": ("send.js", "forgotten.js"),
    "password": ("send.js", "token.js", "password.js"),
}
_HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Page:
    html: str
    headers: Mapping[str, str]


@cache
def page(name: str) -> Page:
    """The page of this name; LookupError if there is none."""
    if name not in TITLES:
        raise LookupError(f"There is no page {name!r}")
    style = _read("style.css")
    script = "".join(map(_read, _SCRIPTS[name]))
    content = {"title": TITLES[name], "style": style, "script": script, "body": _read(f"{name}.html")}
    return Page(Template(_read("layout.html")).substitute(content), MappingProxyType(_headers(style, script)))


def _read(file: str) -> str:
    return (_HERE / file).read_text(encoding="utf-8")


def _headers(style: str, script: str) -> dict[str, str]:
    policy = (
        "default-src 'none'",
        f"script-src {_source(script)}",
        f"style-src {_source(style)}",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
    return {
        "Content-Type": "text/html; charset=utf-8",
        "Content-Security-Policy": "; ".join(policy),
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "no-store",
    }


def _source(text: str) -> str:
    """The policy source that allows exactly this text."""
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"
