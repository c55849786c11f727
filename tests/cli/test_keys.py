"""Users' API keys, from the command line to the tables."""

import json

import pytest

from tests.support.call import call
from tests.support.invariants import check_invariants

ME = "/v1/user-management/users/me"


def read(run):
    assert (run.code, run.err) == (0, "")
    return json.loads(run.out)


@pytest.fixture
def member(office):
    return office.member()


def test_a_created_key_acts_as_its_user_and_its_secret_is_told_once(office, tallybook, member):
    run = tallybook("keys", "create", member.user.email, "--name", "laptop")
    text = run.out.strip()
    assert call("GET", ME, key=text).json["data"]["user"]["user_id"] == member.user_id
    assert text not in run.err
    assert "not shown again" in run.err
    assert not any(text in str(item) for item in office.stored("core"))
    check_invariants(office)


def test_a_key_with_an_end_is_json_for_machines(office, tallybook, member):
    until = "2026-05-01T00:00:00Z"
    made = read(
        tallybook("keys", "create", "--json", member.subject, member.user_id, "--name", "ci", "--expires-at", until)
    )
    text = made.pop("api_key")
    assert text.startswith("sk-")
    assert made == {
        "api_key_id": made["api_key_id"],
        "account_id": member.subject,
        "user_id": member.user_id,
        "name": "ci",
        "hint": text[-4:],
        "created_at": made["created_at"],
        "expires_at": "2026-05-01T00:00:00.000Z",
        "last_used_at": None,
    }
    assert made["created_at"].startswith("2026-04-20T12:3")
    assert read(tallybook("keys", "show", "--json", member.subject, made["api_key_id"])) == made
    assert "name\tci\n" in tallybook("keys", "show", member.user.email, made["api_key_id"]).out
    [entry] = read(tallybook("audit", "--json", member.subject, "--limit", 1))["entries"]
    assert (entry["action"], entry["actor"]["type"]) == ("api_key.created", "operator")


def test_keys_are_listed_newest_first_for_an_account_or_a_user(office, tallybook, member):
    invited = read(tallybook("users", "create", "--json", member.subject, "bo@example.com"))
    theirs = read(tallybook("keys", "create", "--json", member.subject, invited["user_id"], "--name", "bo"))
    theirs.pop("api_key")
    listed = read(tallybook("keys", "list", "--json", member.subject))["api_keys"]
    assert [key["name"] for key in listed] == ["bo", "test"]
    assert read(tallybook("keys", "list", "--json", "bo@example.com"))["api_keys"] == [theirs]
    assert read(tallybook("keys", "list", "--json", member.subject, "--limit", 1))["api_keys"] == [theirs]
    head, *lines = tallybook("keys", "list", member.subject).out.splitlines()
    assert head.startswith("api_key_id\tuser_id\tname")
    assert len(lines) == 2
    assert member.api_key not in "".join(lines)


def test_a_revoked_key_ends_at_once(office, tallybook, member):
    [key] = read(tallybook("keys", "list", "--json", member.subject))["api_keys"]
    told = tallybook("keys", "revoke", member.subject, key["api_key_id"])
    assert (told.code, told.out) == (0, f"{key['api_key_id']} is revoked\n")
    assert call("GET", ME, key=member.api_key).status == 401
    again = tallybook("keys", "revoke", "--json", member.subject, key["api_key_id"])
    assert (again.code, again.out, again.err) == (1, "", "tallybook: There is no such API key\n")
    [entry] = read(tallybook("audit", "--json", member.subject, "--limit", 1))["entries"]
    assert (entry["action"], entry["actor"]["type"]) == ("api_key.revoked", "operator")
    check_invariants(office)


def test_revoking_tells_machines_which_key_it_was(office, tallybook, member):
    [key] = read(tallybook("keys", "list", "--json", member.subject))["api_keys"]
    assert read(tallybook("keys", "revoke", "--json", member.subject, key["api_key_id"])) == key


@pytest.mark.parametrize("status", ["suspended", "disabled"])
def test_who_may_not_come_in_gets_no_key(office, tallybook, member, status):
    office.change_user(member, status=status)
    run = tallybook("keys", "create", member.user.email, "--name", "x")
    assert (run.code, run.out, run.err) == (1, "", f"tallybook: This user is {status}\n")


@pytest.mark.parametrize(
    ("arguments", "problem"),
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
def test_what_can_not_be_is_told_in_one_line_and_nothing_is_stored(office, tallybook, member, arguments, problem):
    before = office.stored("core")
    named = [argument.format(account=member.subject) for argument in arguments]
    run = tallybook("keys", *named, "--json")
    assert (run.code, run.out, run.err.count("\n")) == (1, "", 1)
    assert run.err.startswith(f"tallybook: {problem.format(account=member.subject)}")
    assert office.stored("core") == before


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
def test_a_command_that_can_not_be_read_ends_with_2(office, tallybook, arguments):
    assert tallybook("keys", *arguments).code == 2
