"""Connections to the server, through the proxy that HTTP_PROXY or HTTPS_PROXY names unless NO_PROXY names the host."""

from urllib.parse import unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

import urllib3

from tallybook.cli.stop import Stop


def connections(url: str, *, timeout: urllib3.Timeout, most: int) -> urllib3.PoolManager:
    """Stop if the proxy's address is none."""
    proxy = proxy_of(url)
    if proxy is None:
        return urllib3.PoolManager(timeout=timeout, retries=False, maxsize=most)
    try:
        parts = urlsplit(proxy)
        headers = None
        if parts.username:
            user = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
            headers = urllib3.make_headers(proxy_basic_auth=user)
        place = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
        return urllib3.ProxyManager(place, proxy_headers=headers, timeout=timeout, retries=False, maxsize=most)
    except (ValueError, urllib3.exceptions.HTTPError) as error:
        name = f"{urlsplit(url).scheme.upper()}_PROXY"
        raise Stop(f"{name} must be an http or https address, not {proxy!r}", code=2) from error


def proxy_of(url: str) -> str | None:
    """The address of the proxy for the URL; None to connect to the server itself."""
    parts = urlsplit(url)
    known = getproxies()
    proxy = known.get(parts.scheme) or known.get("all")
    if not proxy or proxy_bypass(parts.netloc.rpartition("@")[2]):
        return None
    return proxy if "://" in proxy else f"http://{proxy}"
