"""Seeds a new local bundle: an account, signed up over HTTP, with an API key and a platform key."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.error import HTTPError

from infra.bundle import ROOT
from infra.local.cloud import Cloud
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


def seed(ctx: Context, cloud: Cloud, api_id: str) -> Seeded:
    """Sign up the account, or sign in if an interrupted seed did so already, and create new keys."""
    api = _Api(cloud, f"/_aws/execute-api/{api_id}/$default")
    session = _sign_up_or_in(api)
    me = api.call("GET", "/v1/user-management/users/me", session)["data"]["user"]
    key = api.call("POST", "/v1/user-management/api-keys", session, {"name": "local"})["data"]["api_key"]
    platform_key = create_platform_key(ctx, name="local", scopes=SCOPES)
    return Seeded(me["account_id"], me["user_id"], key, platform_key.text)


@dataclass(frozen=True, slots=True)
class _Api:
    cloud: Cloud
    base: str

    def call(self, method: str, path: str, session: str | None, body: Mapping[str, str] | None = None) -> Any:
        headers = {"Content-Type": "application/json"}
        if session:
            headers["Authorization"] = f"Bearer {session}"
        data = json.dumps(body).encode() if body else None
        try:
            with self.cloud.open(self.base + path, method=method, headers=headers, body=data) as answer:
                return json.load(answer)
        except HTTPError as refused:
            raise SeedFailed(f"{method} {path} answered {refused.code}: {refused.read().decode()}") from None


def _sign_up_or_in(api: _Api) -> str:
    credentials = {"email": EMAIL, "password": PASSWORD}
    try:
        answer = api.call("POST", "/auth/register", None, {**credentials, "name": NAME})
    except SeedFailed as refused:
        if "email_exists" not in str(refused):
            raise
        answer = api.call("POST", "/auth/login", None, credentials)
    return str(answer["session_token"])
