"""Seeds a new local bundle: an account, signed up over HTTP, with an API key and a platform key."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from infra.bundle import ROOT
from tallybook.cli.catalog_file import read_catalog
from tallybook.domain.credentials import SCOPES
from tallybook.services.billing.apply_catalog import apply_catalog
from tallybook.services.context import Context
from tallybook.services.identity.platform_keys import create_platform_key

EMAIL = "owner@example.com"
PASSWORD = "only-on-this-computer"  # noqa: S105 - the account is served on loopback only
NAME = "Local Owner"


class SeedFailed(RuntimeError):
    """A request of the seed failed; the message contains the answer."""


@dataclass(frozen=True, slots=True)
class Seeded:
    account_id: str
    user_id: str
    api_key: str
    platform_key: str


def apply_local_catalog(ctx: Context) -> None:
    """Make `infra/catalog.toml` the current catalog; the same content again changes nothing."""
    apply_catalog(ctx, read_catalog(ROOT / "infra/catalog.toml"))


def seed(ctx: Context, url: str) -> Seeded:
    """Sign up the account, or sign in if an interrupted seed did so already, and create new keys."""
    session = _sign_up_or_in(url)
    me = _call("GET", f"{url}/v1/user-management/users/me", session)["data"]["user"]
    key = _call("POST", f"{url}/v1/user-management/api-keys", session, {"name": "local"})["data"]["api_key"]
    platform_key = create_platform_key(ctx, name="local", scopes=SCOPES)
    return Seeded(me["account_id"], me["user_id"], key, platform_key.text)


def _sign_up_or_in(url: str) -> str:
    credentials = {"email": EMAIL, "password": PASSWORD}
    try:
        answer = _call("POST", f"{url}/auth/register", None, {**credentials, "name": NAME})
    except SeedFailed as refused:
        if "email_exists" not in str(refused):
            raise
        answer = _call("POST", f"{url}/auth/login", None, credentials)
    return str(answer["session_token"])


def _call(method: str, address: str, session: str | None, body: Mapping[str, str] | None = None) -> Any:
    headers = {"Content-Type": "application/json"}
    if session:
        headers["Authorization"] = f"Bearer {session}"
    data = json.dumps(body).encode() if body else None
    try:
        with urlopen(Request(address, data, headers, method=method), timeout=30) as answer:  # noqa: S310 - loopback
            return json.load(answer)
    except HTTPError as refused:
        raise SeedFailed(f"{method} {address} answered {refused.code}: {refused.read().decode()}") from None
