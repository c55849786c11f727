"""A reset ends the user's API keys unless told not to, and names them with the account's other root users."""

from typing import Any

import pytest

from tests.contract.examples import expect
from tests.contract.passwords import ADA, NEW, change, confirm, login, refusal
from tests.support.app import App, Member
from tests.support.call import Answer, call
from tests.support.fake_aws import FakeAws
from tests.support.invariants import check_invariants

KEYS = "/v1/user-management/api-keys"


@pytest.fixture
def ada(app: App) -> Member:
    member = app.member(ADA)
    app.deliver()
    return member


def link(token: str) -> Answer:
    return call("POST", "/auth/password/link", body={"token": token})


def works(text: str) -> bool:
    return call("GET", "/auth/me", key=text).status == 200


def reset(app: App, member: Member, **body: Any) -> None:
    assert confirm(app.password_token(member.user, "reset"), **body).status == 200


def test_a_reset_ends_the_users_keys_and_no_others(app: App, ada: Member) -> None:
    bob = app.colleague(ada, "bob@example.com", is_root=True)
    by_key = call("POST", KEYS, key=ada.api_key, body={"name": "by key"}).json["data"]["api_key"]
    reset(app, ada)
    assert [works(text) for text in (ada.api_key, by_key, bob.api_key)] == [False, False, True]
    data = call("GET", KEYS, bearer=login(NEW).json["session_token"]).json["data"]
    assert [key["user_id"] for key in data["api_keys"]] == [bob.user_id]
    check_invariants(app)


def test_a_reset_keeps_the_keys_if_told_to(app: App, ada: Member) -> None:
    reset(app, ada, end_api_keys=False)
    assert works(ada.api_key)
    check_invariants(app)


@pytest.mark.parametrize(
    ("body", "kept"), [({}, True), ({"end_api_keys": False}, True), ({"end_api_keys": True}, False)]
)
def test_a_change_ends_the_keys_only_if_told_to(app: App, ada: Member, body: dict[str, Any], kept: bool) -> None:
    passwords = {"current_password": "correct horse battery", "password": NEW}
    assert call("POST", "/auth/password", bearer=ada.session, body=passwords | body).status == 200
    assert works(ada.api_key) is kept
    assert call("GET", "/auth/me", bearer=ada.session).status == 200
    check_invariants(app)


def test_a_first_password_keeps_the_keys_that_the_operator_made(app: App, ada: Member) -> None:
    from tallybook.services.accounts.operator import create_key

    user = app.invite(ada, "joan@example.com")
    made = create_key(app.ctx, user.account_id, user.id, name="ready").text
    token = app.password_token(user)
    assert link(token).json["api_keys"] == []
    assert confirm(token).status == 200
    assert works(made)


def test_the_keys_that_a_reset_ends_are_recorded_and_announced(app: App, ada: Member) -> None:
    reset(app, ada)
    events = [(name, data.get("name")) for name, data in app.deliver().events[-2:]]
    assert events == [("PasswordChanged", None), ("ApiKeyRevoked", "test")]
    session = login(NEW).json["session_token"]
    entries = call("GET", "/v1/user-management/audit-log?limit=2", bearer=session).json["data"]["entries"]
    [ended] = entries[1]["after"]["api_keys_ended"]
    assert (entries[1]["action"], ended.startswith("key-")) == ("user.password_changed", True)


def test_the_page_names_the_keys_and_the_other_root_users(app: App, ada: Member) -> None:
    app.colleague(ada, "plain@example.com")
    app.clock.advance(minutes=1)
    app.colleague(ada, "bob@example.com", is_root=True)
    app.clock.advance(seconds=1)
    app.invite(ada, "joan@example.com", is_root=True)
    call("POST", KEYS, bearer=ada.session, body={"name": "past", "expires_at": "2026-04-20T12:36:30Z"})
    app.clock.advance(minutes=1)
    named = expect(link(app.password_token(ada.user, "reset")), 200, "password_link")
    assert [key["name"] for key in named["api_keys"]] == ["test"]
    assert [user["email"] for user in named["root_users"]] == ["joan@example.com", "bob@example.com"]
    assert named["root_users"][1]["created_at"] == "2026-04-20T12:35:56.000Z"
    assert named["unlisted_root_users"] == 0


def test_the_page_names_the_user_the_account_and_what_the_link_is_for(app: App, ada: Member) -> None:
    invited = link(app.password_token(app.invite(ada, "joan@example.com"))).json
    assert (invited["purpose"], invited["email"], invited["account"]) == ("invitation", "joan@example.com", ADA)
    app.change_account(ada, display_name="Engines & Sons")
    named = expect(link(app.password_token(ada.user, "reset")), 200, "password_link")
    assert (named["purpose"], named["email"], named["account"]) == ("reset", ADA, "Engines & Sons")


def test_a_user_who_is_not_root_is_shown_no_other_user(app: App, ada: Member) -> None:
    plain = app.colleague(ada, "plain@example.com")
    named = expect(link(app.password_token(plain.user, "reset")), 200, "password_link")
    assert (len(named["api_keys"]), named["root_users"]) == (1, [])


def test_looking_at_a_link_does_not_use_it_up(app: App, ada: Member) -> None:
    token = app.password_token(ada.user, "reset")
    assert [link(token).status for _ in range(3)] == [200] * 3
    assert confirm(token).status == 200
    assert refusal(link(token)) == (400, "invalid_token")


def mails(app: App) -> list[Any]:
    app.deliver()
    return app.fake_aws.mails_to(ADA)


def test_the_reset_mail_names_the_keys_and_the_other_root_users(app: App, ada: Member) -> None:
    app.colleague(ada, "bob@example.com", is_root=True)
    call("POST", "/auth/password/reset", body={"email": ADA})
    mail = mails(app)[-1]
    for part in (mail.text, mail.html):
        assert "bob@example.com" in part
        assert "test, made on 20 April 2026, 12:34 UTC" in part
    assert "sk-" not in mail.text + mail.html


def test_the_mail_about_a_reset_names_the_keys_that_ended(app: App, ada: Member) -> None:
    app.colleague(ada, "bob@example.com", is_root=True)
    reset(app, ada)
    text = " ".join(mails(app)[-1].text.split())
    assert "These API keys ended with the old password: - test, made on 20 April 2026, 12:34 UTC" in text
    assert "still work" not in text
    assert "bob@example.com" in text


def test_the_mail_about_a_change_names_the_keys_that_still_work(app: App, ada: Member) -> None:
    assert change(ada.session).status == 200
    text = " ".join(mails(app)[-1].text.split())
    assert "These API keys of yours still work: - test, made on 20 April 2026, 12:34 UTC" in text
    assert "ended with" not in text
    assert "root users" not in text


def test_the_mail_lists_the_newest_root_users_and_counts_the_others(app: App, ada: Member, fake_aws: FakeAws) -> None:
    from dataclasses import replace

    from tallybook.store.users import put_user

    for number in range(53):
        other = replace(ada.user, id=f"019d0000-0000-7000-8000-0000000000{number:02}", email=f"r{number}@example.com")
        app.ctx.tables.write(put_user(replace(other, key_count=0)))
    named = expect(link(app.password_token(ada.user, "reset")), 200, "password_link")
    assert (len(named["root_users"]), named["unlisted_root_users"]) == (50, 3)
    assert change(ada.session).status == 200
    text = mails(app)[-1].text
    assert "r52@example.com" in text
    assert "r2@example.com" not in text
    assert "and 3 more" in text
