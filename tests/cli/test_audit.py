"""The command that prints an account's audit log."""

import json

import pytest

from tests.support.app import CATALOG


def test_entries_are_listed_newest_first_up_to_a_limit(operator_app, tallybook):
    member = operator_app.member()
    entries = json.loads(tallybook("audit", "--json", member.subject).out)["entries"]
    assert [entry["action"] for entry in entries] == ["api_key.created", "account.registered"]
    assert entries[1] == {
        "number": 1,
        "account_id": member.subject,
        "created_at": "2026-04-20T12:34:56.000Z",
        "actor": {"type": "user", "id": member.user_id, "user_id": member.user_id},
        "ip_address": "203.0.113.7",
        "action": "account.registered",
        "target_id": member.subject,
        "before": {},
        "after": {"email": "o***@example.com", "plan_name": "hobby", "balance": 1_000_000},
    }
    [newest] = json.loads(tallybook("audit", "--json", member.user.email, "--limit", 1).out)["entries"]
    assert newest == entries[0]


def test_a_list_without_json_has_one_line_each(operator_app, tallybook):
    member = operator_app.member()
    head, *lines = tallybook("audit", member.subject).out.splitlines()
    assert head.split("\t") == ["number", "created_at", "actor", "action", "target_id", "after"]
    assert lines[1].split("\t")[:5] == [
        "1",
        "2026-04-20T12:34:56.000Z",
        member.user_id,
        "account.registered",
        member.subject,
    ]


@pytest.mark.parametrize(
    ("name", "message"), [("acc-1", "There is no such account"), ("a@example.com", "Nobody signs in with this address")]
)
def test_an_unknown_account_is_reported_in_one_line(operator_app, tallybook, name, message):
    run = tallybook("audit", name, "--json")
    assert (run.code, run.result, run.err) == (1, "", f"tallybook: {message}\n")


def test_an_invalid_command_line_exits_with_2(operator_app, tallybook):
    assert tallybook("audit").code == 2
    assert tallybook("audit", "acc-1", "--limit", "1001").code == 2


def test_the_operators_own_log_has_what_concerns_no_account(operator_app, tallybook):
    tallybook("catalog", "apply", CATALOG)
    created = json.loads(tallybook("platform-keys", "create", "--name", "a", "--scope", "usage:write", "--json").out)
    tallybook("platform-keys", "revoke", created["id"])
    revoked, made = json.loads(tallybook("audit", "operator", "--limit", 2, "--json").out)["entries"]
    assert (revoked["action"], made["action"]) == ("platform_key.revoked", "platform_key.created")
    assert made == {
        "number": None,
        "account_id": None,
        "created_at": made["created_at"],
        "actor": {"type": "operator", "id": None, "user_id": None},
        "ip_address": None,
        "action": "platform_key.created",
        "target_id": created["id"],
        "before": {},
        "after": {"name": "a", "scopes": ["usage:write"], "expires_at": None, "source_prefix": None},
    }
    assert made["created_at"] < revoked["created_at"]
    head, line, _ = tallybook("audit", "operator", "--limit", 2).out.splitlines()
    assert head.split("\t") == ["number", "created_at", "actor", "action", "target_id", "after"]
    assert line.split("\t")[:5] == ["", revoked["created_at"], "operator", "platform_key.revoked", created["id"]]
