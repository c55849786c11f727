"""The commands about users' API keys."""

import json

import pytest

from tests.support.call import call
from tests.support.invariants import check_invariants

ME = "/v1/user-management/users/me"


def read(run):
    assert (run.code, run.err) == (0, "")
    return json.loads(run.out)


@pytest.fixture
def member(operator_app):
    return operator_app.member()


def test_a_created_key_acts_as_its_user_and_its_secret_is_shown_once(operator_app, tallybook, member):
    run = tallybook("keys", "create", member.user.email, "--name", "laptop")
    text = run.out.strip()
    assert call("GET", ME, key=text).json["data"]["user"]["user_id"] == member.user_id
    assert text not in run.err
    assert "not shown again" in run.err
    assert not any(text in str(item) for item in operator_app.stored("core"))
    check_invariants(operator_app)


def test_a_key_with_an_expiry_is_printed_as_json(operator_app, tallybook, member):
    until = "2026-05-01T00:00:00Z"
    created = read(
        tallybook("keys", "create", "--json", member.subject, member.user_id, "--name", "ci", "--expires-at", until)
    )
    text = created.pop("api_key")
    assert text.startswith("sk-")
    assert created == {
        "api_key_id": created["api_key_id"],
        "account_id": member.subject,
        "user_id": member.user_id,
        "name": "ci",
        "hint": text[-4:],
        "created_at": created["created_at"],
        "expires_at": "2026-05-01T00:00:00.000Z",
        "last_used_at": None,
    }
    assert created["created_at"].startswith("2026-04-20T12:3")
    assert read(tallybook("keys", "show", "--json", member.subject, created["api_key_id"])) == created
    assert "name\tci\n" in tallybook("keys", "show", member.user.email, created["api_key_id"]).out
    [entry] = read(tallybook("audit", "--json", member.subject, "--limit", 1))["entries"]
    assert (entry["action"], entry["actor"]["type"]) == ("api_key.created", "operator")


def test_keys_are_listed_newest_first_for_an_account_or_a_user(operator_app, tallybook, member):
    invited = read(tallybook("users", "create", "--json", member.subject, "bo@example.com"))
    other_key = read(tallybook("keys", "create", "--json", member.subject, invited["user_id"], "--name", "bo"))
    other_key.pop("api_key")
    keys_listed = read(tallybook("keys", "list", "--json", member.subject))["api_keys"]
    assert [key["name"] for key in keys_listed] == ["bo", "test"]
    assert read(tallybook("keys", "list", "--json", "bo@example.com"))["api_keys"] == [other_key]
    assert read(tallybook("keys", "list", "--json", member.subject, "--limit", 1))["api_keys"] == [other_key]
    head, *lines = tallybook("keys", "list", member.subject).out.splitlines()
    assert head.startswith("api_key_id\tuser_id\tname")
    assert len(lines) == 2
    assert member.api_key not in "".join(lines)


def test_a_revoked_key_is_invalid_at_once(operator_app, tallybook, member):
    [key] = read(tallybook("keys", "list", "--json", member.subject))["api_keys"]
    result = tallybook("keys", "revoke", member.subject, key["api_key_id"])
    assert (result.code, result.out) == (0, f"{key['api_key_id']} is revoked\n")
    assert call("GET", ME, key=member.api_key).status == 401
    again = tallybook("keys", "revoke", "--json", member.subject, key["api_key_id"])
    assert (again.code, again.result, again.err) == (1, "", "tallybook: There is no such API key\n")
    [entry] = read(tallybook("audit", "--json", member.subject, "--limit", 1))["entries"]
    assert (entry["action"], entry["actor"]["type"]) == ("api_key.revoked", "operator")
    check_invariants(operator_app)


def test_revoking_prints_the_key_as_json(operator_app, tallybook, member):
    [key] = read(tallybook("keys", "list", "--json", member.subject))["api_keys"]
    assert read(tallybook("keys", "revoke", "--json", member.subject, key["api_key_id"])) == key


@pytest.mark.parametrize("status", ["suspended", "disabled"])
def test_a_user_who_may_not_sign_in_gets_no_key(operator_app, tallybook, member, status):
    operator_app.change_user(member, status=status)
    run = tallybook("keys", "create", member.user.email, "--name", "x")
    assert (run.code, run.result, run.err) == (1, "", f"tallybook: This user is {status}\n")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["list", "acc-1"], "There is no such account"),
        (["list", "nobody@example.com"], "Nobody signs in with this address"),
        (["show", "{account}", "key-1"], "There is no such API key"),
        (["show", "{account}", "sk-1"], "key must be 'key-' and 1 to 64 letters, digits or hyphens"),
        (["show", "acc-1", "key-1"], "There is no such account"),
        (["create", "nobody@example.com", "--name", "x"], "Nobody signs in with this address"),
        (["create", "{account}", "--name", "x"], "'{account}' is not a user: use an email address"),
        (["create", "owner1@example.com", "--name", ""], "name must have 1 to 100 characters"),
        (
            ["create", "owner1@example.com", "--name", "x", "--expires-at", "2026-01-01T00:00:00Z"],
            "expires_at must be in the future",
        ),
        (["revoke", "{account}", "key-1"], "There is no such API key"),
    ],
)
def test_an_invalid_key_command_fails_in_one_line_and_stores_nothing(
    operator_app, tallybook, member, arguments, message
):
    before = operator_app.stored("core")
    named = [argument.format(account=member.subject) for argument in arguments]
    run = tallybook("keys", *named, "--json")
    assert (run.code, run.result, run.err.count("\n")) == (1, "", 1)
    assert run.err.startswith(f"tallybook: {message.format(account=member.subject)}")
    assert operator_app.stored("core") == before


@pytest.mark.parametrize(
    "arguments",
    [
        ("create", "owner1@example.com"),
        ("create", "owner1@example.com", "--name", "x", "--expires-at", "tomorrow"),
        ("create", "owner1@example.com", "--name", "x", "--expires-at", "2026-05-01"),
        ("show", "acc-1"),
        ("list", "acc-1", "--limit", "0"),
    ],
)
def test_an_invalid_command_line_exits_with_2(operator_app, tallybook, arguments):
    assert tallybook("keys", *arguments).code == 2
