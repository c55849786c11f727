"""A walk through each function: every operation that it has."""

from datetime import timedelta
from decimal import Decimal
from typing import Any
from unittest.mock import patch

from tallybook.domain.times import stamp
from tallybook.services.accounts.email_change import last_email_change, request_email_change
from tallybook.services.billing.close_period import close_due
from tallybook.services.billing.draft_invoice import draft_invoice
from tallybook.services.identity.authenticate import authenticate
from tallybook.services.identity.change_password import ask_for_reset
from tallybook.services.lookup import find_user
from tallybook.services.metering.sessions import SessionRequest, start_session
from tallybook.services.quotas.allocations import allocate
from tallybook.services.quotas.requests import file_request
from tallybook.services.wallet.credits import Move, give_credits
from tests.functions.budget_walks import budgets, mail_feedback
from tests.functions.lambda_events import sqs_event, stream_all_items
from tests.functions.quota_walks import quotas, usage_check
from tests.support.app import PASSWORD, App, Member
from tests.support.call import LambdaContext, call
from tests.support.fake_aws import FakeAws
from tests.support.fake_exports import FakeExports
from tests.support.ndjson import as_json

_KEYS, _USERS = "/v1/user-management/api-keys", "/v1/user-management/users"


def identity(app: App, _: FakeAws) -> None:
    credentials = {"email": "ada@example.com", "password": PASSWORD}
    call("POST", "/auth/register", body=credentials)
    session = call("POST", "/auth/login", body=credentials).json["session_token"]
    once = {"idempotency-key": "walk-1"}
    created = call("POST", _KEYS, bearer=session, body={"name": "one"}, headers=once).json["data"]
    assert call("POST", _KEYS, bearer=session, body={"name": "two"}, headers=once).status == 422
    call("GET", _KEYS, key=created["api_key"])
    call("DELETE", f"{_KEYS}/{created['api_key_id']}", bearer=session)
    invited = call("POST", _USERS, bearer=session, body={"email": "joan@example.com"}).json["data"]["user"]
    path = f"{_USERS}/{invited['user_id']}"
    call("POST", f"{path}/invitation", bearer=session)
    call("GET", _USERS, bearer=session)
    call("GET", path, bearer=session)
    _allocate_and_request(app, session, invited["user_id"].removeprefix("usr-"))
    call("PUT", path, bearer=session, body={"display_name": "Joan", "status": "suspended"})
    call("DELETE", path, bearer=session)
    call("POST", "/auth/password/reset", body={"email": "ada@example.com"})
    me = call("GET", "/auth/me", bearer=session).json["user"]
    call("POST", "/auth/password", bearer=session, body={"current_password": PASSWORD, "password": PASSWORD})
    token = app.password_token(_user(app, me["id"]), "reset")
    call("POST", "/auth/password/link", body={"token": token})
    call("POST", "/auth/password/confirm", body={"token": token, "password": PASSWORD})
    session = call("POST", "/auth/login", body=credentials).json["session_token"]
    call("POST", "/auth/logout", bearer=session)


def _allocate_and_request(app: App, root: str, user_id: str) -> None:
    """Give the user an allocation and file a quota request for them."""
    allocate(app.ctx, authenticate(app.ctx, root), user_id, {"ram_gb_seconds": 1})
    principal = authenticate(app.ctx, root)
    user_principal = principal._replace(user=find_user(app.ctx, principal.account, user_id))
    file_request(app.ctx, user_principal, {"ram_gb_seconds": 2}, reason="a walk")


def accounts(app: App, _: FakeAws) -> None:
    member = app.member()
    call("GET", "/v1/user-management/plans")
    call("GET", "/v1/user-management/audit-log", key=member.api_key)
    call("PUT", "/v1/user-management/account", key=member.api_key, body={"time_zone": "Europe/Berlin"})
    _emails(app, member)
    app.clock.advance(days=31)
    subscription = "/v1/user-management/account/subscription"
    call("GET", subscription, key=member.api_key)
    late = app.event(member, quantity=1_000_000)
    app.invoice_due()
    app.record(late | {"time": stamp(app.clock.now() - timedelta(days=20))})
    draft_invoice(app.ctx, authenticate(app.ctx, member.api_key))
    app.clock.advance(days=61)
    give_credits(app.ctx, app.platform(), Move(member.account.id, 50_000_000, "grant", "a walk"))
    call("POST", f"{subscription}/preview", key=member.api_key, body={"plan_name": "pro"})
    call("POST", subscription, key=member.api_key, body={"plan_name": "pro"})
    app.clock.advance(minutes=1)
    call("POST", subscription, key=member.api_key, body={"plan_name": "hobby"})
    call("GET", f"{subscription}/history", key=member.api_key)


def _emails(app: App, member: Member) -> None:
    """Request and clear an email change; request and confirm another."""
    path, request = (
        "/v1/user-management/account",
        {"current_email": member.account.email, "new_email": "new@example.com"},
    )
    call("POST", f"{path}/email-change-request", key=member.api_key, body=request)
    call("POST", f"{path}/clear-email-change-requests", key=member.api_key)
    app.clock.advance(minutes=30)
    call("POST", f"{path}/email-change-request", key=member.api_key, body=request)
    change = last_email_change(app.ctx, authenticate(app.ctx, member.session))
    assert change is not None
    for token in app.email_tokens(change).values():
        assert call("POST", f"{path}/confirm-email-change", body={"token": token}).status == 200
    call("GET", f"{path}/email-change-status", key=member.api_key)


def billing(app: App, _: FakeAws) -> None:
    member = app.member()
    app.clock.advance(days=31)
    call("GET", "/v1/billing/current", key=member.api_key)
    request = SessionRequest(member.account.id, member.user.id, Decimal(1), Decimal(1), Decimal(1), timeout_seconds=60)
    start_session(app.ctx, app.platform(), request)
    for _ in range(2):
        drafted = call("POST", "/v1/billing/invoice/generate", key=member.api_key).json["data"]
    for path in ("invoices", f"invoices/{drafted['invoice_id']}", "periods", "history"):
        call("GET", f"/v1/billing/{path}", key=member.api_key)


def metering(app: App, _: FakeAws) -> None:
    member, key = app.member(), app.platform_key()
    app.clock.advance(days=31)
    event = app.event(member, meter="credits", quantity=1, user_id=member.user_id)
    call("POST", "/v1/platform/events", key=key, body=event)
    size = {"cpu_cores": 1, "memory_gb": 1, "storage_gb": 1, "timeout_seconds": 60, "session_id": "one"}
    session = size | {"account_id": member.subject, "user_id": member.user_id}
    call("POST", "/v1/platform/admission", key=key, body=session)
    call("POST", "/v1/platform/sessions", key=key, body=session)
    app.clock.advance(days=31)
    call("POST", "/v1/platform/sessions/one/end", key=key)
    credit = {"account_id": member.subject, "amount": 1, "kind": "grant", "reference": "one"}
    call("POST", "/v1/platform/credits", key=key, body=credit)
    call("POST", "/v1/platform/credits", key=key, body=credit)
    call("PUT", f"/v1/platform/accounts/{member.subject}", key=key, body={"discount": 5})
    for verb in ("suspend", "resume"):
        call("POST", f"/v1/platform/accounts/{member.subject}/{verb}", key=key, body={"reason": "a walk"})


def usage_queue(app: App, _: FakeAws) -> None:
    from usage_queue.app import handler

    member = app.member()
    app.clock.advance(days=31)
    event = app.event(member, meter="credits", quantity=1, time=stamp(app.clock.now() - timedelta(minutes=1)))
    record = {"messageId": "1", "eventSource": "aws:sqs", "body": as_json(event).decode()}
    handler({"Records": [record]}, LambdaContext())


def invoicing(app: App, fake_aws: FakeAws) -> None:
    from invoicing.app import handler

    def hour() -> None:
        handler({"job": "invoicing"}, LambdaContext())
        handler(sqs_event(*fake_aws.messages), LambdaContext())
        fake_aws.messages.clear()

    member = app.member()
    used = app.event(member, quantity=1_000_000)
    draft_invoice(app.ctx, authenticate(app.ctx, member.session))
    app.record(used)
    app.clock.advance(days=31)
    hour()
    app.record(app.event(member, time=used["time"]))
    app.clock.advance(days=31)
    hour()


def outbox(app: App, fake_aws: FakeAws) -> None:
    member = app.member()
    app.invite(member)
    app.record(app.event(member, quantity=150_000))
    app.clock.advance(days=31)
    close_due(app.ctx, member.account.id)
    principal = authenticate(app.ctx, member.api_key)
    request_email_change(app.ctx, principal, current=member.account.email, new="new@example.com")
    ask_for_reset(app.ctx, email=member.user.email, address="203.0.113.7")
    stream_all_items(app)
    assert [mail.subject for mail in fake_aws.mails_to(member.user.email) if "invoice" in mail.subject]
    assert fake_aws.mails_to("new@example.com")
    app.invite(app.member())
    fake_aws.refusals = ["BadRequestException", "TooManyRequestsException"]
    fake_aws.sweep()


def archive(app: App, _: FakeAws) -> None:
    from archive.app import handler
    from tallybook import archiving

    exports = FakeExports(app.clock)
    with patch.object(archiving, "exports", exports.gateway):
        for step in ("started", "waiting"):
            assert handler({"job": "archive"}, LambdaContext()) == {"core": step, "usage": step}


def _user(app: App, user_id: str) -> Any:
    from tallybook.store.users import read_user

    (item,) = (item for item in app.stored("core") if item["sk"] == f"USER#{user_id}")
    return read_user(item)


WALKS = {
    walk.__name__: walk
    for walk in (
        identity,
        accounts,
        quotas,
        budgets,
        billing,
        metering,
        usage_queue,
        invoicing,
        usage_check,
        outbox,
        mail_feedback,
        archive,
    )
}
