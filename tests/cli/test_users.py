"""Users, from the command line to the tables."""

import json

import pytest

from tests.support.call import call
from tests.support.invariants import check_invariants


def read(run):
    assert (run.code, run.err) == (0, "")
    return json.loads(run.out)


def mails(office):
    return [item for item in office.stored("core") if item.get("kind") == "mail"]


@pytest.fixture
def member(office):
    return office.member()


def test_a_user_is_shown_by_address_or_by_ids(office, tallybook, member):
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


def test_an_invited_user_is_listed_first_and_gets_a_mail(office, tallybook, member):
    made = read(tallybook("users", "create", "--json", member.subject, "bo@example.com", "--name", "Bo"))
    assert (made["role"], made["is_root_user"], made["has_joined"]) == ("user", False, False)
    listed = read(tallybook("users", "list", "--json", member.subject))["users"]
    assert [user["user_id"] for user in listed] == [made["user_id"], member.user_id]
    first = read(tallybook("users", "list", "--json", "bo@example.com", "--limit", 1))["users"]
    assert first == listed[:1]
    [mail] = [item["body"] for item in mails(office) if item["body"]["letter"] == "invitation"]
    assert mail["to"] == ["bo@example.com"]
    [entry] = read(tallybook("audit", "--json", member.subject, "--limit", 1))["entries"]
    assert (entry["action"], entry["actor"]["type"]) == ("user.invited", "operator")
    assert (entry["target_id"], entry["after"]["email"]) == (made["user_id"], "bo@example.com")
    check_invariants(office)


def test_a_user_may_be_invited_to_run_the_account(office, tallybook, member):
    made = tallybook("users", "create", member.user.email, "bo@example.com", "--role", "admin", "--root").out
    assert "role\tadmin\nis_root_user\ttrue\n" in made


def test_a_list_for_readers_has_a_line_for_each(office, tallybook, member):
    head, line = tallybook("users", "list", member.subject).out.splitlines()
    assert head.split("\t")[:2] == ["user_id", "email"]
    assert line.split("\t")[:2] == [member.user_id, "owner1@example.com"]


def test_a_suspended_user_is_refused_until_resumed_even_the_only_root_user(office, tallybook, member):
    told = tallybook("users", "suspend", member.user.email, "--reason", "lost laptop")
    assert (told.code, told.out) == (0, f"{member.user_id} is suspended\n")
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
    check_invariants(office)


def test_a_disabled_user_is_resumed_too(office, tallybook, member):
    office.change_user(member, status="disabled")
    assert read(tallybook("users", "resume", "--json", member.user.email))["status"] == "active"


@pytest.mark.parametrize(
    ("arguments", "problem"),
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
        (["suspend", "owner1@example.com", "--reason", ""], "reason must have 1 to 1000 characters and no control"),
        (["resume", "nobody@example.com"], "Nobody signs in with this address"),
    ],
)
def test_what_can_not_be_is_told_in_one_line_and_nothing_is_stored(office, tallybook, member, arguments, problem):
    before = office.stored("core")
    named = [argument.format(account=member.subject) for argument in arguments]
    run = tallybook("users", *named, "--json")
    assert (run.code, run.out, run.err.count("\n")) == (1, "", 1)
    assert run.err.startswith(f"tallybook: {problem.format(account=member.subject)}")
    assert office.stored("core") == before


def test_nobody_is_invited_into_a_suspended_account(office, tallybook, member):
    office.change_account(member, status="suspended")
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
def test_a_command_that_can_not_be_read_ends_with_2(office, tallybook, arguments):
    assert tallybook("users", *arguments).code == 2
