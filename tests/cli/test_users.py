"""The commands about users."""

import json

import pytest

from tests.support.call import call
from tests.support.invariants import check_invariants


def read(run):
    assert (run.code, run.err) == (0, "")
    return json.loads(run.out)


def mails(operator_app):
    return [item for item in operator_app.stored("core") if item.get("kind") == "mail"]


@pytest.fixture
def member(operator_app):
    return operator_app.member()


def test_a_user_is_shown_by_address_or_by_ids(operator_app, tallybook, member):
    shown = read(tallybook("users", "show", "--json", member.user.email))
    assert shown == read(tallybook("users", "show", "--json", member.subject, member.user_id))
    assert shown == {
        "user_id": member.user_id,
        "account_id": member.subject,
        "email": "owner1@example.com",
        "display_name": None,
        "role": "admin",
        "is_root_user": True,
        "status": "active",
        "suspended_at": None,
        "suspension_reason": None,
        "has_joined": True,
        "api_keys": 1,
        "running_sessions": 0,
        "created_at": "2026-04-20T12:34:56.000Z",
    }
    assert f"user_id\t{member.user_id}\n" in tallybook("users", "show", member.user.email).out
    assert "password" not in tallybook("users", "show", member.user.email).out


def test_an_invited_user_is_listed_first_and_gets_a_mail(operator_app, tallybook, member):
    created = read(tallybook("users", "create", "--json", member.subject, "bo@example.com", "--name", "Bo"))
    assert (created["role"], created["is_root_user"], created["has_joined"]) == ("user", False, False)
    listed = read(tallybook("users", "list", "--json", member.subject))["users"]
    assert [user["user_id"] for user in listed] == [created["user_id"], member.user_id]
    first = read(tallybook("users", "list", "--json", "bo@example.com", "--limit", 1))["users"]
    assert first == listed[:1]
    [mail] = [item["body"] for item in mails(operator_app) if item["body"]["letter"] == "invitation"]
    assert mail["to"] == ["bo@example.com"]
    [entry] = read(tallybook("audit", "--json", member.subject, "--limit", 1))["entries"]
    assert (entry["action"], entry["actor"]["type"]) == ("user.invited", "operator")
    assert (entry["target_id"], entry["after"]["email"]) == (created["user_id"], "b***@example.com")
    check_invariants(operator_app)


def test_a_user_can_be_invited_as_root(operator_app, tallybook, member):
    created = tallybook("users", "create", member.user.email, "bo@example.com", "--role", "admin", "--root").out
    assert "role\tadmin\nis_root_user\ttrue\n" in created


def test_a_list_without_json_has_one_line_each(operator_app, tallybook, member):
    head, line = tallybook("users", "list", member.subject).out.splitlines()
    assert head.split("\t")[:2] == ["user_id", "email"]
    assert line.split("\t")[:2] == [member.user_id, "owner1@example.com"]


def test_even_the_only_root_user_can_be_suspended_and_resumed(operator_app, tallybook, member):
    result = tallybook("users", "suspend", member.user.email, "--reason", "lost laptop")
    assert (result.code, result.out) == (0, f"{member.user_id} is suspended\n")
    refused = call("GET", "/v1/user-management/users/me", key=member.api_key)
    assert (refused.status, refused.json["code"]) == (403, "user_suspended")
    again = read(tallybook("users", "suspend", "--json", member.subject, member.user_id, "--reason", "other"))
    assert again["suspension_reason"] == "lost laptop"
    resumed = read(tallybook("users", "resume", "--json", member.subject, member.user_id))
    assert (resumed["status"], resumed["suspended_at"], resumed["suspension_reason"]) == ("active", None, None)
    assert tallybook("users", "resume", member.user.email).out == f"{member.user_id} is active\n"
    assert call("GET", "/v1/user-management/users/me", key=member.api_key).status == 200
    entries = read(tallybook("audit", "--json", member.subject))["entries"]
    assert [entry["action"] for entry in entries[:2]] == ["user.resumed", "user.suspended"]
    assert {entry["actor"]["type"] for entry in entries[:2]} == {"operator"}
    check_invariants(operator_app)


def test_a_disabled_user_can_be_resumed(operator_app, tallybook, member):
    operator_app.change_user(member, status="disabled")
    assert read(tallybook("users", "resume", "--json", member.user.email))["status"] == "active"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["show", "nobody@example.com"], "Nobody signs in with this address"),
        (["show", "acc-1", "usr-1"], "There is no such account"),
        (["show", "{account}", "usr-1"], "There is no such user"),
        (["show", "{account}", "key-1"], "user must be 'usr-' and 1 to 64 letters, digits or hyphens"),
        (["show", "{account}"], "'{account}' is not a user: use an email address, or acc-… and usr-…"),
        (["list", "acc-1"], "There is no such account"),
        (["create", "acc-1", "bo@example.com"], "There is no such account"),
        (["create", "{account}", "owner1@example.com"], "This email is already registered"),
        (["create", "{account}", "bo"], "email is not a valid email address"),
        (["suspend", "{account}", "usr-1", "--reason", "x"], "There is no such user"),
        (["suspend", "owner1@example.com", "--reason", ""], "reason must have 1 to 1000 characters that can be seen"),
        (["resume", "nobody@example.com"], "Nobody signs in with this address"),
    ],
)
def test_an_invalid_user_command_fails_in_one_line_and_stores_nothing(
    operator_app, tallybook, member, arguments, message
):
    before = operator_app.stored("core")
    named = [argument.format(account=member.subject) for argument in arguments]
    run = tallybook("users", *named, "--json")
    assert (run.code, run.out, run.err.count("\n")) == (1, "", 1)
    assert run.err.startswith(f"tallybook: {message.format(account=member.subject)}")
    assert operator_app.stored("core") == before


def test_a_suspended_account_can_not_invite_a_user(operator_app, tallybook, member):
    operator_app.change_account(member, status="suspended")
    run = tallybook("users", "create", member.subject, "bo@example.com")
    assert (run.code, run.err) == (1, "tallybook: This account is suspended\n")


@pytest.mark.parametrize(
    "arguments",
    [
        ("list",),
        ("list", "acc-1", "--limit", "1001"),
        ("create", "acc-1"),
        ("create", "acc-1", "bo@example.com", "--role", "king"),
        ("suspend", "owner1@example.com"),
    ],
)
def test_an_invalid_command_line_exits_with_2(operator_app, tallybook, arguments):
    assert tallybook("users", *arguments).code == 2
