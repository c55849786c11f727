"""Everything in which secrets occur: valid and invalid calls of a new user, the team and the platform."""

from collections.abc import Iterator

from tallybook.domain.credentials import SCOPES
from tallybook.services.identity.platform_keys import create_platform_key, revoke_platform_key
from tests.functions.route_catalog import VALID_REQUESTS
from tests.support.app import App
from tests.support.call import call
from tests.support.fake_aws import FakeAws

_KEYS, _USERS = "/v1/user-management/api-keys", "/v1/user-management/users"


def walk_secrets(app: App, fake_aws: FakeAws) -> Iterator[str]:
    """Make the calls; yield each secret that is created or tried."""
    account = {"email": "walk@example.com", "password": "first horse battery"}
    yield account["password"]
    first = call("POST", "/auth/register", body=account).json["session_token"]
    yield first
    second = call("POST", "/auth/login", body=account).json["session_token"]
    yield second
    call("POST", "/auth/login", body={**account, "password": "wrong horse battery"})
    yield "wrong horse battery"
    call("POST", "/auth/register", body={**account, "password": "too late a horse battery"})
    yield "too late a horse battery"
    once = {"idempotency-key": "walk-1"}
    for _ in range(2):  # the second answer was kept
        created = call("POST", _KEYS, bearer=first, body={"name": "ci"}, headers=once).json["data"]
    yield created["api_key"]
    parent = call("POST", _KEYS, key=created["api_key"], body={"name": "parent"}).json["data"]
    yield parent["api_key"]
    yield call("POST", _KEYS, key=parent["api_key"], body={"name": "child"}).json["data"]["api_key"]
    call("DELETE", f"{_KEYS}/{parent['api_key_id']}", key=created["api_key"])
    platform = app.platform_key()
    yield platform
    _meter(platform, created["api_key"])
    revoked = create_platform_key(app.ctx, name="lost", scopes=SCOPES, source_prefix="host-1/")
    yield revoked.text
    revoke_platform_key(app.ctx, revoked.key.id)
    for path in ("events", "sessions", "credits"):
        assert call("POST", f"/v1/platform/{path}", key=revoked.text, body={}).status in (400, 401)
    for route in VALID_REQUESTS:
        call(route.method, route.path, bearer=second, raw=b'{"password": "first horse battery"')
        call(route.method, route.path, cookie=f"quota_session={second}", headers={"origin": "https://evil.example.com"})
        call(route.method, f"{route.path}/nothing?api_key={created['api_key']}", key=created["api_key"])
    yield from _team(first, fake_aws)
    yield from _passwords(first, fake_aws)
    yield from _email(created["api_key"], fake_aws)
    call("DELETE", f"{_KEYS}/{created['api_key_id']}", bearer=first)
    call("POST", "/auth/logout", bearer=first)
    call("GET", "/auth/me", bearer=first)


def _meter(platform: str, key: str) -> None:
    me = call("GET", f"{_USERS}/me", key=key).json["data"]["user"]
    ids = {"account_id": me["account_id"], "user_id": me["user_id"]}
    size = {"cpu_cores": 1, "memory_gb": 2, "storage_gb": 5, "timeout_seconds": 60, "session_id": "run-1"}
    call("POST", "/v1/platform/sessions", key=platform, body={**ids, **size})
    event = {
        "specversion": "1.0",
        "id": "1",
        "source": "walk",
        "type": "tallybook.usage.v1",
        "time": "2026-04-20T12:00:00Z",
        "subject": me["account_id"],
        "data": {"meter": "credits", "quantity": 5, "app_id": "writer"},
    }
    assert call("POST", "/v1/platform/events", key=platform, body=event).json["data"]["accepted"] == 1
    call("POST", "/v1/platform/sessions/run-1/end", key=platform)
    drafted = call("POST", "/v1/billing/invoice/generate", key=key).json["data"]
    for path in ("current", "invoices", f"invoices/{drafted['invoice_id']}", "periods", "history?start=soon"):
        call("GET", f"/v1/billing/{path}", key=key)
    call("PUT", f"/v1/platform/accounts/{me['account_id']}", key=platform, body={"tax_rate": "20", "discount": "much"})
    for verb in ("suspend", "resume"):
        path = f"/v1/platform/accounts/{me['account_id']}/{verb}"
        assert call("POST", path, key=platform, body={"reason": "a walk"}).status == 200


def _team(session: str, fake_aws: FakeAws) -> Iterator[str]:
    invited = call("POST", _USERS, bearer=session, body={"email": "joan@example.com"}).json["data"]["user"]
    fake_aws.sweep()
    (mail,) = fake_aws.mails_to("joan@example.com")
    yield mail.token
    body = {"token": mail.token, "password": "joans horse battery"}
    for _ in range(2):
        call("POST", "/auth/password/confirm", body=body)
    yield body["password"]
    call("DELETE", f"{_USERS}/{invited['user_id']}", bearer=session)


def _passwords(session: str, fake_aws: FakeAws) -> Iterator[str]:
    change = {"current_password": "first horse battery", "password": "second horse battery"}
    for _ in range(2):
        call("POST", "/auth/password", bearer=session, body=change)
    yield change["password"]
    fake_aws.sweep()
    call("POST", "/auth/password/reset", body={"email": "walk@example.com"})
    fake_aws.sweep()
    token = fake_aws.mails_to("walk@example.com")[-1].token
    yield token
    assert call("POST", "/auth/password/link", body={"token": token}).status == 200
    body = {"token": token, "password": "third horse battery", "end_api_keys": False}
    assert call("POST", "/auth/password/confirm", body=body).status == 200
    yield "third horse battery"
    assert call("POST", "/auth/password/link", body={"token": token}).status == 400


def _email(key: str, fake_aws: FakeAws) -> Iterator[str]:
    fake_aws.sweep()
    path = "/v1/user-management/account"
    addresses = {"current_email": "walk@example.com", "new_email": "run@example.com"}
    assert call("POST", f"{path}/email-change-request", key=key, body=addresses).status == 201
    fake_aws.sweep()
    for address in addresses.values():
        token = fake_aws.mails_to(address)[-1].token
        yield token
        for _ in range(2):
            call("POST", f"{path}/confirm-email-change", body={"token": token})
        call("POST", f"{path}/confirm-email-change?token={token}", body={"token": f"{token} "})
    assert call("GET", f"{path}/email-change-status?", key=key).json["data"]["status"] == "both_confirmed"
