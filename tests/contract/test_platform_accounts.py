"""Accounts suspended and resumed. Source: decisions, "What the documents presume"; money, "Invoices"."""

from typing import Any

import pytest

from tests.contract.examples import expect
from tests.contract.quotas import refusal
from tests.support.app import App, Member
from tests.support.call import Answer, call
from tests.support.fake_aws import FakeAws
from tests.support.invariants import check_invariants

PATH = "/v1/platform/accounts"
SIZE = {"cpu_cores": 1, "memory_gb": 0.5, "storage_gb": 5, "timeout_seconds": 3600}


@pytest.fixture
def member(app: App) -> Member:
    return app.member("ada@example.com")


@pytest.fixture
def key(app: App) -> str:
    return app.platform_key()


def suspend(key: str, member: Member, reason: Any = "unpaid since March") -> Answer:
    return call("POST", f"{PATH}/{member.subject}/suspend", key=key, body={"reason": reason})


def resume(key: str, member: Member, reason: Any = "paid") -> Answer:
    return call("POST", f"{PATH}/{member.subject}/resume", key=key, body={"reason": reason})


def account(answer: Answer) -> dict[str, Any]:
    data: dict[str, Any] = expect(answer, 200, "platform_account")["data"]
    return data


def test_an_account_is_suspended_and_shows_why_and_since_when(app: App, key: str, member: Member) -> None:
    assert account(suspend(key, member)) == {
        "account_id": member.subject,
        "status": "suspended",
        "suspended_at": "2026-04-20T12:34:56Z",
        "suspension_reason": "unpaid since March",
        "tax_rate": None,
        "discount": 0,
    }
    me = expect(call("GET", "/v1/user-management/users/me", key=member.api_key), 200, "users_me")["data"]["user"]
    assert (me["status"], me["account"]["status"]) == ("active", "suspended")
    assert me["account"]["suspension_reason"] == "unpaid since March"
    check_invariants(app)


def test_a_resumed_account_is_as_before_the_suspension(app: App, key: str, member: Member) -> None:
    suspend(key, member)
    assert account(resume(key, member)) == {
        "account_id": member.subject,
        "status": "active",
        "suspended_at": None,
        "suspension_reason": None,
        "tax_rate": None,
        "discount": 0,
    }
    assert call("POST", "/v1/user-management/api-keys", key=member.api_key, body={"name": "ci"}).status == 201
    check_invariants(app)


def test_a_repeated_suspension_answers_the_same_and_changes_nothing(app: App, key: str, member: Member) -> None:
    first = account(suspend(key, member))
    before = app.stored("core")
    app.clock.advance(minutes=59)
    assert account(suspend(key, member, "another reason")) == first
    assert app.stored("core") == before
    resumed = account(resume(key, member))
    before = app.stored("core")
    assert account(resume(key, member)) == resumed
    assert app.stored("core") == before


def test_a_suspended_account_can_still_read(app: App, key: str, member: Member) -> None:
    suspend(key, member)
    for path in (
        "/auth/me",
        "/v1/user-management/users",
        "/v1/user-management/audit-log",
        "/v1/user-management/account/subscription",
        "/v1/user-management/api-keys",
        "/v1/billing/current",
    ):
        assert call("GET", path, key=member.api_key).status == 200, path


def test_no_session_key_or_invitation_starts_while_suspended(app: App, key: str, member: Member) -> None:
    user = app.invite(member)
    suspend(key, member)
    run = {"account_id": member.subject, "user_id": member.user_id, **SIZE}
    users = "/v1/user-management/users"
    answers = [
        call("POST", "/v1/platform/sessions", key=key, body=run),
        call("POST", "/v1/user-management/api-keys", key=member.api_key, body={"name": "ci"}),
        call("POST", users, key=member.api_key, body={"email": "joan@example.com"}),
        call("POST", f"{users}/usr-{user.id}/invitation", key=member.api_key),
    ]
    assert [refusal(answer) for answer in answers] == [(403, "account_suspended")] * 4
    resume(key, member)
    assert call("POST", "/v1/platform/sessions", key=key, body=run).status == 201


def test_usage_and_credits_are_accepted_while_suspended(app: App, key: str, member: Member) -> None:
    suspend(key, member)
    event = app.event(member, meter="credits", quantity=7)
    assert call("POST", "/v1/platform/events", key=key, body=event).json["data"]["accepted"] == 1
    credit = {"account_id": member.subject, "amount": 1, "kind": "grant", "reference": "one"}
    assert call("POST", "/v1/platform/credits", key=key, body=credit).status == 201
    check_invariants(app)


def test_a_session_that_already_runs_can_be_ended(app: App, key: str, member: Member) -> None:
    run = {"account_id": member.subject, "user_id": member.user_id, "session_id": "run-1", **SIZE}
    call("POST", "/v1/platform/sessions", key=key, body=run)
    suspend(key, member)
    assert call("POST", "/v1/platform/sessions", key=key, body=run).status == 201, (
        "ending it again must answer the same"
    )
    assert call("POST", "/v1/platform/sessions/run-1/end", key=key).json["data"]["status"] == "ended"
    check_invariants(app)


def test_users_of_a_suspended_account_sign_in_and_out(app: App, key: str, member: Member) -> None:
    suspend(key, member)
    signed = call("POST", "/auth/login", body={"email": "ada@example.com", "password": "correct horse battery"})
    assert signed.status == 200
    assert call("POST", "/auth/logout", bearer=signed.json["session_token"]).status == 200


@pytest.mark.parametrize("verb", ["suspend", "resume"])
def test_an_unknown_or_deleted_account_is_404_and_a_malformed_id_400(
    app: App, key: str, member: Member, verb: str
) -> None:
    def ask(text: str) -> Answer:
        return call("POST", f"{PATH}/{text}/{verb}", key=key, body={"reason": "unpaid"})

    app.change_account(member, status="deleted")
    before = app.stored("core")
    for unknown in ("acc-019d0000-0000-7000-8000-000000000000", "acc-x", member.subject):
        assert refusal(ask(unknown)) == (404, "not_found")
    for text in ("acc-", member.account.id, member.user_id, "acc-a_b", "acc-" + "a" * 65):
        answer = ask(text)
        assert refusal(answer) == (400, "invalid_request")
        assert "account_id" in answer.json["message"]
    assert app.stored("core") == before


@pytest.mark.parametrize("reason", ["", " ", "x" * 1001, "a\u0007b", "a\nb", None, 5, ["unpaid"]], ids=repr)
def test_a_reason_has_1_to_1000_characters_and_no_control_characters(
    app: App, key: str, member: Member, reason: Any
) -> None:
    before = app.stored("core")
    for ask in (suspend, resume):
        answer = ask(key, member, reason)
        assert refusal(answer) == (400, "invalid_request")
        assert answer.json["message"].startswith("reason")
    assert app.stored("core") == before
    assert account(suspend(key, member, "x" * 1000))["suspension_reason"] == "x" * 1000


def test_a_suspension_is_mailed_and_published(app: App, key: str, member: Member, fake_aws: FakeAws) -> None:
    fake_aws.sweep()
    fake_aws.entries.clear()
    suspend(key, member, "unpaid <b>since</b> March")
    fake_aws.sweep()
    resume(key, member)
    fake_aws.sweep()
    _, suspended, resumed = fake_aws.mails_to("ada@example.com")
    assert "unpaid <b>since</b> March" in suspended.text
    assert "<b>since</b>" not in suspended.html
    assert "suspended" in suspended.subject.lower()
    assert suspended.subject != resumed.subject
    assert fake_aws.events == [
        ("AccountSuspended", {"account_id": member.subject, "reason": "unpaid <b>since</b> March"}),
        ("AccountResumed", {"account_id": member.subject, "reason": "paid"}),
    ]
