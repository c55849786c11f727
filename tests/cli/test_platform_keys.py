"""The commands about platform keys."""

import json

import pytest

from tests.support.call import call
from tests.support.invariants import check_invariants

EVENTS = "/v1/platform/events"


def read(run):
    assert (run.code, run.err) == (0, "")
    return json.loads(run.out)


def create(tallybook, *options):
    return read(tallybook("platform-keys", "create", "--json", "--name", "meter", "--scope", "usage:write", *options))


def test_a_key_with_all_settings_is_printed_and_listed_as_json(operator_app, tallybook):
    created = create(tallybook, "--expires-at", "2026-05-01T00:00:00Z", "--source-prefix", "host-1/")
    assert created.pop("key").startswith("pk-")
    assert created == {
        "id": created["id"],
        "name": "meter",
        "scopes": ["usage:write"],
        "source_prefix": "host-1/",
        "created_at": created["created_at"],
        "expires_at": "2026-05-01T00:00:00.000Z",
        "last_used_at": None,
    }
    assert read(tallybook("platform-keys", "list", "--json")) == {"platform_keys": [created]}


def test_keys_are_listed_in_lines_newest_first_without_their_secrets(operator_app, tallybook):
    keys = [create(tallybook), create(tallybook)]
    head, *lines = tallybook("platform-keys", "list").out.splitlines()
    assert head == "id\tname\tscopes\tsource_prefix\tcreated_at\texpires_at\tlast_used_at"
    assert [line.split("\t")[0] for line in lines] == [key["id"] for key in reversed(keys)]
    assert not any(key["key"] in line for key in keys for line in lines)
    assert "secret" not in head


def test_a_used_key_shows_when_it_was_used(operator_app, tallybook):
    created = create(tallybook)
    event = operator_app.event(operator_app.member())
    assert call("POST", EVENTS, key=created["key"], body=event).status == 200
    (listed,) = read(tallybook("platform-keys", "list", "--json"))["platform_keys"]
    assert listed["last_used_at"] == "2026-04-20T12:34:56.000Z"


def test_a_revoked_key_is_invalid_at_once(operator_app, tallybook):
    created = create(tallybook)
    event = operator_app.event(operator_app.member())
    assert call("POST", EVENTS, key=created["key"], body=event).status == 200
    run = tallybook("platform-keys", "revoke", created["id"])
    assert (run.code, run.out) == (0, f"{created['id']} is revoked\n")
    assert call("POST", EVENTS, key=created["key"], body=event).status == 401
    assert read(tallybook("platform-keys", "list", "--json")) == {"platform_keys": []}
    again = tallybook("platform-keys", "revoke", "--json", created["id"])
    assert (again.code, again.result, again.err) == (1, "", "tallybook: There is no such platform key\n")
    check_invariants(operator_app)


def test_the_event_of_a_key_names_it_after_it_was_revoked(operator_app, tallybook):
    created = create(tallybook)
    event = operator_app.event(operator_app.member())
    assert call("POST", EVENTS, key=created["key"], body=event).status == 200
    revoked = read(tallybook("platform-keys", "revoke", created["id"], "--json"))
    assert (revoked["id"], revoked["name"]) == (created["id"], "meter")
    shown = read(tallybook("events", "show", event["source"], event["id"], "--json"))
    assert shown["platform_key_id"] == created["id"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["create", "--name", "", "--scope", "usage:write"], "name must have 1 to 100 characters"),
        (["create", "--name", "x", "--scope", "all"], "scopes must be one or more of usage:write"),
        (
            ["create", "--name", "x", "--scope", "usage:write", "--expires-at", "2026-01-01T00:00:00Z"],
            "expires_at must be in the future",
        ),
        (
            ["create", "--name", "x", "--scope", "usage:write", "--source-prefix", ""],
            "source_prefix must have 1 to 256 printable characters",
        ),
        (["revoke", "pk-secret"], "key must be 'plk-' and 1 to 64 letters, digits or hyphens"),
        (["revoke", "plk-1"], "There is no such platform key"),
    ],
)
def test_an_invalid_command_fails_in_one_line_and_stores_no_key(operator_app, tallybook, arguments, message):
    run = tallybook("platform-keys", *arguments, "--json")
    assert (run.code, run.result, run.err.count("\n")) == (1, "", 1)
    assert run.err.startswith(f"tallybook: {message}")
    assert read(tallybook("platform-keys", "list", "--json")) == {"platform_keys": []}
