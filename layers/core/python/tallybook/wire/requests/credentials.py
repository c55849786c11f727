"""Reads the credential of a request; each path accepts it in each header and as a cookie."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from tallybook.domain.credentials import invalid_credential

SESSION_COOKIE = "quota_session"
_SCHEMES = ("bearer", "api-key")


@dataclass(frozen=True, slots=True)
class SentCredential:
    """A credential's text. Browsers send cookies without being asked, so a change by cookie needs an allowed origin."""

    text: str = field(repr=False)
    by_cookie: bool = False


def read_credential(headers: Mapping[str, str], cookies: Mapping[str, str]) -> SentCredential:
    """`X-API-Key`, then `Authorization: Api-Key …` or `Bearer …`, then the session cookie; else Unauthenticated."""
    if key := headers.get("x-api-key"):
        return SentCredential(key.strip())
    scheme, _, text = headers.get("authorization", "").partition(" ")
    if scheme.lower() in _SCHEMES and text.strip():
        return SentCredential(text.strip())
    if text := cookies.get(SESSION_COOKIE, ""):
        return SentCredential(text, by_cookie=True)
    raise invalid_credential()


def session_cookie(text: str, *, max_age: int) -> str:
    """The Set-Cookie header of a browser session; an empty text with age 0 removes the cookie."""
    return f"{SESSION_COOKIE}={text}; Path=/; Max-Age={max_age}; HttpOnly; Secure; SameSite=Lax"
