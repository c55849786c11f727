"""Credentials that do not hold: those that held once, those that nobody handed out, and none at all."""

import base64
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from tallybook.domain.credentials import format_credential
from tests.functions.route_catalog import NEW_PASSWORD
from tests.functions.stage import Stage
from tests.support.app import PASSWORD, App, Member
from tests.support.call import call
from tests.support.snapshot import restore_snapshot, take_snapshot

APP = "https://app.example.com"
UNKNOWN = "019d0000-0000-7000-8000-000000000000"
_KEYS, _USERS = "/v1/user-management/api-keys", "/v1/user-management/users"


@dataclass(frozen=True, slots=True)
class Strangers:
    """A stage a day later, and by name every text that is no credential any more, or never was one."""

    stage: Stage
    former: dict[str, str]
    false: dict[str, str]
    tables: bytes
    moment: datetime

    @classmethod
    def of(cls, stage: Stage) -> Self:
        former = former_keys(stage.app)
        false = false_keys(stage)
        return cls(stage, former, false, take_snapshot(), stage.app.clock.moment)

    def again(self, app: App) -> Self:
        stage = self.stage.again(app)
        restore_snapshot(self.tables)
        app.clock.moment = self.moment
        return type(self)(stage, self.former, self.false, self.tables, self.moment)


def altered(text: str) -> str:
    """The same length and ids, another secret."""
    return text[:-6] + ("AAAAAA" if not text.endswith("AAAAAA") else "BBBBBB")


def former_keys(app: App) -> dict[str, str]:
    """Credentials that held once: what became of each is its name."""
    gone: dict[str, str] = {}

    def made(member: Member, **body: str) -> tuple[str, str]:
        data = call("POST", _KEYS, key=member.api_key, body={"name": "ci", **body}).json["data"]
        return data["api_key"], data["api_key_id"]

    old = app.member()
    gone["expired session"] = old.session
    gone["expired key"], _ = made(old, expires_at="2026-04-20T13:00:00Z")
    app.clock.advance(hours=24)
    member = app.member()
    gone["revoked key"], key_id = made(member)
    assert call("DELETE", f"{_KEYS}/{key_id}", key=member.api_key).status == 200
    gone["logged-out session"] = member.session
    assert call("POST", "/auth/logout", bearer=member.session).status == 200
    for name, change in (("user", app.change_user), ("account", app.change_account)):
        deleted = app.member()
        change(deleted, status="deleted")
        gone[f"key of a deleted {name}"] = deleted.api_key
        gone[f"session of a deleted {name}"] = deleted.session
    return gone | _former_colleagues(app) | _former_sessions(app)


def _former_colleagues(app: App) -> dict[str, str]:
    """A root user takes another one out."""
    root = app.member()
    gone = app.colleague(root, is_root=True)
    assert call("DELETE", f"{_USERS}/{gone.user_id}", bearer=root.session).status == 200
    return {"key of a user who was taken out": gone.api_key, "session of a user who was taken out": gone.session}


def _former_sessions(app: App) -> dict[str, str]:
    """Sessions of an earlier generation: before a password was changed, or set with a mail's link."""
    changed, reset = app.member(), app.member()
    body = {"current_password": PASSWORD, "password": NEW_PASSWORD}
    assert call("POST", "/auth/password", key=changed.api_key, body=body).status == 200
    body = {"token": app.password_token(reset.user, "reset"), "password": NEW_PASSWORD}
    assert call("POST", "/auth/password/confirm", body=body).status == 200
    return {"session before a new password": changed.session, "session before a reset": reset.session}


def false_keys(stage: Stage) -> dict[str, str]:
    """What nobody ever handed out, some of it made of ids that are there."""
    app, one, invited = stage.app, stage.app.member(), stage.invited
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
        "token of a mail": stage.token,
        "token called a session": stage.token.replace("pwt_", "sess_"),
        "key with its end changed": altered(one.api_key),
        "session with its end changed": altered(one.session),
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


def bare_requests(key: str) -> dict[str, dict[str, object]]:
    """Ways to come with nothing that counts as a credential."""
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
