"""The pages that mails and errors link to: each is one HTML document with its style and script inline.

The page's Content-Security-Policy has the hashes of that style and script, so the browser runs no injected script.
"""

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from html import escape
from pathlib import Path
from string import Template
from types import MappingProxyType

TITLES: Mapping[str, str] = {
    "email": "Confirm the new email address",
    "errors": "Errors and their codes",
    "forgotten": "Forgotten your password?",
    "password": "Set your password",
}
"""Title by page name. `forgotten` asks for an email address; `email` and `password` read their token from the URL's
fragment; `errors` is what `docs_url` of an error opens.
"""

SCRIPTS: Mapping[str, tuple[str, ...]] = {
    "email": ("send.js", "token.js", "email.js"),
    "errors": (),
    "forgotten": ("send.js", "forgotten.js"),
    "password": ("send.js", "token.js", "password.js"),
}
_HERE = Path(__file__).parent
_NO_SCRIPT = """
<noscript><p class="error">This page needs JavaScript. Please allow it, and load the page again.</p></noscript>
"""


@dataclass(frozen=True, slots=True)
class Page:
    html: str
    headers: Mapping[str, str]


@cache
def page(name: str, *, brand: str = "Tallybook", app_url: str = "") -> Page:
    """The page of this name; LookupError if there is none.

    `brand` is the product's name; `app_url` is where its users go on after they set a password, empty if unknown.
    """
    if name not in TITLES:
        raise LookupError(f"There is no page {name!r}")
    style = _read("style.css")
    script = "".join(map(_read, SCRIPTS[name]))
    brand = escape(brand)
    body = Template(_read(f"{name}.html")).safe_substitute(next=_next_step(brand, escape(app_url)))
    content = {
        "title": TITLES[name],
        "brand": brand,
        "style": style,
        "script": f"<script>{script}</script>" if script else "",
        "body": body + _NO_SCRIPT if script else body,
    }
    return Page(Template(_read("layout.html")).substitute(content), MappingProxyType(_headers(style, script)))


def _next_step(brand: str, app_url: str) -> str:
    """What a user does after the page's success, as HTML."""
    if not app_url.startswith(("https://", "http://")):
        return f"Sign in where you use {brand}."
    return f'<a href="{app_url}">Go on to {brand}</a> and sign in.'


def _read(file: str) -> str:
    return (_HERE / file).read_text(encoding="utf-8")


def _headers(style: str, script: str) -> dict[str, str]:
    policy = (
        "default-src 'none'",
        f"script-src {_source(script)}" if script else "script-src 'none'",
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
