"""Bad credentials: former ones, some that were never issued, and requests without any."""

import base64
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Self

from tallybook.domain.credentials import SCOPES, format_credential
from tallybook.services.identity.platform_keys import create_platform_key, revoke_platform_key
from tests.functions.route_catalog import NEW_PASSWORD
from tests.functions.scenario import Scenario
from tests.support.app import PASSWORD, App, Member
from tests.support.call import call
from tests.support.snapshot import restore_snapshot, take_snapshot

APP = "https://app.example.com"
UNKNOWN = "019d0000-0000-7000-8000-000000000000"
_KEYS, _USERS = "/v1/user-management/api-keys", "/v1/user-management/users"


@dataclass(frozen=True, slots=True)
class BadCredentials:
    """The scenario a day later, with former and never issued credentials by name."""

    scenario: Scenario
    former: dict[str, str]
    former_platform_keys: dict[str, str]
    never_issued: dict[str, str]
    tables: bytes
    moment: datetime

    @classmethod
    def of(cls, scenario: Scenario) -> Self:
        platform_keys = former_platform_keys(scenario.app)
        former = former_credentials(scenario.app)
        never_issued = never_issued_credentials(scenario)
        return cls(scenario, former, platform_keys, never_issued, take_snapshot(), scenario.app.clock.moment)

    def reset(self, app: App) -> Self:
        scenario = self.scenario.reset(app)
        restore_snapshot(self.tables)
        app.clock.moment = self.moment
        return replace(self, scenario=scenario)


def alter_secret(text: str) -> str:
    """The credential with another secret; ids and length stay."""
    return text[:-6] + ("AAAAAA" if not text.endswith("AAAAAA") else "BBBBBB")


def former_credentials(app: App) -> dict[str, str]:
    """Credentials that were valid once; the name says what ended them."""
    gone: dict[str, str] = {}

    def create_key(member: Member, **body: str) -> tuple[str, str]:
        data = call("POST", _KEYS, key=member.api_key, body={"name": "ci", **body}).json["data"]
        return data["api_key"], data["api_key_id"]

    old = app.member()
    gone["expired session"] = old.session
    gone["expired key"], _ = create_key(old, expires_at="2026-04-20T13:00:00Z")
    app.clock.advance(hours=24)
    member = app.member()
    gone["revoked key"], key_id = create_key(member)
    assert call("DELETE", f"{_KEYS}/{key_id}", key=member.api_key).status == 200
    parent, parent_id = create_key(member)
    data = call("POST", _KEYS, key=parent, body={"name": "child"}).json["data"]
    gone["key made with a revoked key"] = data["api_key"]
    assert call("DELETE", f"{_KEYS}/{parent_id}", key=member.api_key).status == 200
    gone["logged-out session"] = member.session
    assert call("POST", "/auth/logout", bearer=member.session).status == 200
    for name, change in (("user", app.change_user), ("account", app.change_account)):
        deleted = app.member()
        change(deleted, status="deleted")
        gone[f"key of a deleted {name}"] = deleted.api_key
        gone[f"session of a deleted {name}"] = deleted.session
    return gone | _former_colleagues(app) | _former_passwords(app)


def former_platform_keys(app: App) -> dict[str, str]:
    """Platform keys that were valid once; `expired` ends within the day."""
    soon = app.clock.now() + timedelta(hours=1)
    expired = create_platform_key(app.ctx, name="soon over", scopes=SCOPES, expires_at=soon)
    revoked = create_platform_key(app.ctx, name="revoked", scopes=SCOPES)
    revoke_platform_key(app.ctx, revoked.key.id)
    return {"expired platform key": expired.text, "revoked platform key": revoked.text}


def _former_colleagues(app: App) -> dict[str, str]:
    """Credentials of a root user whom another root user deleted."""
    root = app.member()
    gone = app.colleague(root, is_root=True)
    assert call("DELETE", f"{_USERS}/{gone.user_id}", bearer=root.session).status == 200
    return {"key of a removed user": gone.api_key, "session of a removed user": gone.session}


def _former_passwords(app: App) -> dict[str, str]:
    """What ended when the password was changed or reset."""
    changed, reset = app.member(), app.member()
    body = {"current_password": PASSWORD, "password": NEW_PASSWORD}
    assert call("POST", "/auth/password", key=changed.api_key, body=body).status == 200
    body = {"token": app.password_token(reset.user, "reset"), "password": NEW_PASSWORD}
    assert call("POST", "/auth/password/confirm", body=body).status == 200
    return {
        "session before a new password": changed.session,
        "session before a reset": reset.session,
        "key before a reset": reset.api_key,
    }


def never_issued_credentials(scenario: Scenario) -> dict[str, str]:
    """Texts that were never issued as a credential, some of them with existing ids."""
    app, one, invited = scenario.app, scenario.app.member(), scenario.invited
    other = app.member()
    secret = b"s" * 32

    def forged(account_id: str, user_id: str, credential_id: str = UNKNOWN) -> str:
        return format_credential(
            "api_key", account_id=account_id, user_id=user_id, credential_id=credential_id, secret=secret
        )

    listed = call("GET", _KEYS, key=one.api_key).json["data"]["api_keys"][0]["api_key_id"]
    return {
        "unknown key": forged(UNKNOWN, UNKNOWN),
        "unknown key of a known user": forged(one.account.id, one.user.id),
        "known key with another secret": forged(one.account.id, one.user.id, listed.removeprefix("key-")),
        "known key of another user": forged(one.account.id, other.user.id, listed.removeprefix("key-")),
        "key of an invited user": forged(invited.account_id, invited.id),
        "token of a mail": scenario.token,
        "token called a session": scenario.token.replace("pwt_", "sess_"),
        "key with its end changed": alter_secret(one.api_key),
        "session with its end changed": alter_secret(one.session),
        "key called a session": one.api_key.replace("sk-", "sess_", 1),
        "session called a key": one.session.replace("sess_", "sk-", 1),
        "key with more after it": one.api_key + "A",
        "key with padding": one.api_key + "=",
        "key cut short": one.api_key[:-1],
        "key in capitals": one.api_key.upper(),
        "two keys": f"{one.api_key},{one.api_key}",
        "prefix alone": "sk-",
        "session prefix alone": "sess_",
        "nonsense": "nonsense",
        "not ASCII": "sk-" + "é" * 107,
        "emoji": "sess_🔑",
        "very long": "sk-" + "A" * 100_000,
        "key of the store": f"ACCOUNT#{one.account.id}",
        "bearer of another kind": "eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0.",
        "platform key": app.platform_key(),
    }


def requests_without_credential(key: str) -> dict[str, dict[str, object]]:
    """The arguments of requests without anything that counts as a credential."""
    return {
        "nothing": {},
        "empty key": {"headers": {"x-api-key": ""}},
        "blank key": {"headers": {"x-api-key": "   "}},
        "empty authorization": {"headers": {"authorization": ""}},
        "scheme alone": {"headers": {"authorization": "Bearer"}},
        "scheme and blanks": {"headers": {"authorization": "Bearer   "}},
        "text without a scheme": {"headers": {"authorization": key}},
        "scheme of another kind": {"headers": {"authorization": f"Token {key}"}},
        "basic": {"headers": {"authorization": "Basic " + base64.b64encode(f":{key}".encode()).decode()}},
        "query": {"headers": {"x-query": f"api_key={key}"}},
        "empty cookie": {"cookie": "quota_session=", "headers": {"origin": APP}},
        "cookie of another name": {"cookie": f"session={key}", "headers": {"origin": APP}},
        "broken cookie": {"cookie": ";;=;quota_session", "headers": {"origin": APP}},
    }
