"""The client's address behind CloudFront, and whether a request came through it. Source: docs/edge.md.

Without CloudFront the address is the one that API Gateway saw, and no header counts.
"""

import hmac
from collections.abc import Mapping
from ipaddress import IPv4Address, IPv6Address, ip_address

SECRET_HEADER = "x-tallybook-edge"  # noqa: S105 the name of a header


def came_through(headers: Mapping[str, str], secret: str) -> bool:
    """Whether CloudFront sent this request: it adds the secret, and replaces what a client sends by that name."""
    return hmac.compare_digest(headers.get(SECRET_HEADER, "").encode(), secret.encode())


def client_address(headers: Mapping[str, str], *, peer: str) -> str:
    """The address of the client of CloudFront, whose own is `peer`; `peer` if there is none that can be read.

    Each hop appends to X-Forwarded-For who called it: CloudFront the client, and API Gateway `peer`. All entries before
    these may be made up by the client.
    """
    hops = headers.get("x-forwarded-for", "").split(",")
    if len(hops) > 1 and _parsed(hops[-1]) == _parsed(peer):
        hops.pop()
    found = _parsed(hops[-1])
    return str(found) if found else peer


def _parsed(hop: str) -> IPv4Address | IPv6Address | None:
    """An entry as an address: `192.0.2.1`, `2001:db8::1`, and with a port `192.0.2.1:443`, `[2001:db8::1]:443`."""
    text = hop.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        return ip_address(text)
    except ValueError:
        return None
