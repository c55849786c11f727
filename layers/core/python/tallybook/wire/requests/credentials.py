"""Reads the credential of a request, and says what was wrong with it; each path accepts it in each header.

A user's path also takes the session cookie. Source: docs/identity.md, "Credentials".
"""

from collections.abc import Mapping
from typing import NamedTuple

from tallybook.domain.credentials import PLATFORM_PREFIX, PREFIXES, invalid_credential
from tallybook.wire.dialects import is_platform_path

SESSION_COOKIE = "quota_session"
_SCHEMES = {"bearer": "Bearer", "api-key": "Api-Key"}
_COOKIE_PLACE = f"the cookie {SESSION_COOKIE}"
_USERS, _PLATFORMS = "a user's API key (sk-...) or session (sess_...)", "a platform key (pk-...)"


class SentCredential(NamedTuple):
    """A credential's text and the `place` where it was read."""

    text: str
    place: str

    def __repr__(self) -> str:
        return f"SentCredential(place={self.place!r})"

    @property
    def by_cookie(self) -> bool:
        """Browsers send cookies without being asked, so a change by cookie needs an allowed origin."""
        return self.place == _COOKIE_PLACE


def read_credential(headers: Mapping[str, str], cookies: Mapping[str, str]) -> SentCredential:
    """`X-API-Key`, then `Authorization: Api-Key …` or `Bearer …`, then the session cookie; else Unauthenticated."""
    if (sent := _find(headers, cookies)) is None:
        raise invalid_credential()
    return sent


def explain_refusal(path: str, headers: Mapping[str, str], cookies: Mapping[str, str]) -> str:
    """The message of a 401: where a credential was read, whether its kind is wrong, and which kind the path takes.

    It says neither the credential nor why it is invalid.
    """
    is_platform = is_platform_path(path)
    wanted = _PLATFORMS if is_platform else _USERS
    sent = _find(headers, {} if is_platform else cookies)
    if sent is None:
        places = f"X-API-Key or Authorization{'' if is_platform else f', or a session in {_COOKIE_PLACE}'}"
        return f"A valid credential is required: {wanted}, in {places}"
    other = tuple(PREFIXES.values()) if is_platform else (PLATFORM_PREFIX,)
    if sent.text.startswith(other):
        found = "a user's API key or session" if is_platform else "a platform key"
        return f"A valid credential is required: {sent.place} has {found}, but this path takes {wanted}"
    return f"A valid credential is required: that in {sent.place} is not valid; this path takes {wanted}"


def challenges(path: str) -> str:
    """The value of WWW-Authenticate: each scheme that the path takes. Source: RFC 9110, section 11.6.1."""
    realm = "platform" if is_platform_path(path) else "users"
    return ", ".join(f'{scheme} realm="{realm}"' for scheme in _SCHEMES.values())


def session_cookie(text: str, *, max_age: int) -> str:
    """The Set-Cookie header of a browser session; an empty text with age 0 removes the cookie."""
    return f"{SESSION_COOKIE}={text}; Path=/; Max-Age={max_age}; HttpOnly; Secure; SameSite=Lax"


def _find(headers: Mapping[str, str], cookies: Mapping[str, str]) -> SentCredential | None:
    if key := headers.get("x-api-key"):
        return SentCredential(key.strip(), "X-API-Key")
    scheme, _, text = headers.get("authorization", "").partition(" ")
    if scheme.lower() in _SCHEMES and text.strip():
        return SentCredential(text.strip(), "Authorization")
    if text := cookies.get(SESSION_COOKIE, ""):
        return SentCredential(text, _COOKIE_PLACE)
    return None
