"""Who may call the local bundle: the rules that the proxy and the emulated cloud share.

A web page of another site can send requests to each port of this computer. This file is also loaded by the emulator's
own Python, so it imports only the standard library.
"""

import hashlib
import hmac
import re
from collections.abc import Collection, Mapping

TOKEN_HEADER = "x-tallybook-local"  # noqa: S105 - the name of a header

CONTAINERS_NAME = "host.docker.internal"
"""The name of this computer in a container. No web site can have it: the domain is reserved."""

_THIS_COMPUTER = re.compile(r"(localhost|127\.0\.0\.1|\[::1\])(:\d+)?", re.IGNORECASE)


def is_this_computer(host: str) -> bool:
    """Whether a Host header is a loopback name, with any port.

    It is not if a web site's name resolves to this computer (DNS rebinding).
    """
    return _THIS_COMPUTER.fullmatch(host) is not None


def is_named_by_a_container(host: str) -> bool:
    return host.partition(":")[0] == CONTAINERS_NAME


def is_from_another_site(method: str, headers: Mapping[str, str], *, allowed: Collection[str] = ()) -> bool:
    """Whether a page of another origin sent this request, except by a link or an address typed by the user.

    `allowed` are the origins that are no others.

    Browsers add `Sec-Fetch-Site` to requests for this computer, older ones only `Origin`; other programs add neither.
    The keys of `headers` are in lower case.
    """
    if headers.get("origin") in allowed:
        return False
    site = headers.get("sec-fetch-site")
    if site is None:
        return headers.get("origin") not in (None, f"http://{headers.get('host')}")
    if site in ("none", "same-origin"):
        return False
    is_link = headers.get("sec-fetch-mode") == "navigate" and headers.get("sec-fetch-dest") == "document"
    return not (is_link and method in ("GET", "HEAD"))


def is_from_a_page(headers: Mapping[str, str]) -> bool:
    """Whether any web page sent this request. The keys of `headers` are in lower case."""
    return "origin" in headers or headers.get("sec-fetch-site", "none") != "none"


def token_of(secret: str) -> str:
    """The value of `TOKEN_HEADER` for the emulated cloud with this secret access key."""
    return hmac.new(secret.encode(), b"tallybook local", hashlib.sha256).hexdigest()
