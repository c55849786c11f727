"""The commands about waiting and parked outbox items and suppressed addresses."""

import json

import pytest

from tallybook.services.outbox.suppressions import suppress_addresses
from tallybook.store import keys, outbox
from tallybook.store.commands import Update
from tallybook.store.outbox import PARKED, read_outbox_item
from tests.support.invariants import check_invariants


def read(run):
    assert (run.code, run.err) == (0, "")
    return json.loads(run.out)


@pytest.fixture
def member(operator_app):
    return operator_app.member()


@pytest.fixture
def mail(operator_app, member):
    """The id of the only waiting mail."""
    [item] = [item for item in operator_app.stored("core") if item.get("kind") == "mail"]
    return item["id"]


def park(operator_app, item_id):
    item = read_outbox_item(operator_app.ctx.tables.get(keys.outbox(item_id)))
    error = "TransientMailError: Throttled\n\x1b[31mred"
    operator_app.ctx.tables.write(outbox.park(item, at=operator_app.clock.now(), error=error))


def test_waiting_items_are_listed(operator_app, tallybook, member, mail):
    items = read(tallybook("outbox", "list", "--json"))["items"]
    assert {item["kind"] for item in items} == {"mail", "events"}
    [item] = [item for item in items if item["id"] == mail]
    assert item == {
        "id": mail,
        "kind": "mail",
        "lane": "slow",
        "holds": ["welcome"],
        "account_id": member.subject,
        "state": "waiting",
        "due": "2026-04-20T12:34:56.000Z",
        "attempts": 0,
        "error": None,
        "created_at": "2026-04-20T12:34:56.000Z",
        "delivered_at": None,
        "sent": [],
        "skipped": [],
    }
    assert ["AccountRegistered", "SubscriptionStarted", "WalletMoved"] in [item["holds"] for item in items]
    assert len(read(tallybook("outbox", "list", "--json", "--limit", 1))["items"]) == 1
    head, *lines = tallybook("outbox", "list").out.splitlines()
    assert head.startswith("id\tkind\tlane\tholds")
    assert len(lines) == len(items)
    assert read(tallybook("outbox", "list", "--json", "--parked"))["items"] == []


def test_parked_items_are_listed_separately_and_can_be_retried(operator_app, tallybook, mail):
    park(operator_app, mail)
    assert mail not in tallybook("outbox", "list").out
    [item] = read(tallybook("outbox", "list", "--json", "--parked"))["items"]
    assert (item["id"], item["state"]) == (mail, "parked")
    [_, line] = tallybook("outbox", "list", "--parked").out.splitlines()
    assert "TransientMailError: Throttled  [31mred" in line
    result = tallybook("outbox", "retry", mail)
    assert (result.code, result.out) == (0, f"{mail} is due now\n")
    shown = read(tallybook("outbox", "show", "--json", mail))
    assert (shown["state"], shown["attempts"]) == ("waiting", 0)
    assert read(tallybook("outbox", "retry", "--json", mail))["state"] == "waiting"
    assert PARKED not in str(operator_app.ctx.tables.get(keys.outbox(mail))["work"])
    check_invariants(operator_app)


def test_an_item_is_printed_line_by_line(operator_app, tallybook, mail):
    assert tallybook("outbox", "show", mail).out.startswith(f"id\t{mail}\nkind\tmail\n")


def test_a_delivered_item_can_not_be_retried(operator_app, tallybook, mail):
    operator_app.ctx.tables.write(Update(keys.outbox(mail), set={"state": "delivered"}, remove=("work", "due")))
    run = tallybook("outbox", "retry", mail)
    assert (run.code, run.result, run.err) == (1, "", "tallybook: It has been delivered\n")


@pytest.mark.parametrize("verb", ["show", "retry"])
def test_an_unknown_item_is_reported_in_one_line(operator_app, tallybook, verb):
    run = tallybook("outbox", verb, "--json", "0199")
    assert (run.code, run.result, run.err) == (1, "", "tallybook: There is no such outbox item\n")


@pytest.mark.parametrize("arguments", [("list", "--limit", "none"), ("show",), ("retry",)])
def test_an_invalid_command_line_exits_with_2(operator_app, tallybook, arguments):
    assert tallybook("outbox", *arguments).code == 2


def test_a_suppressed_address_is_shown_and_lifted(operator_app, tallybook):
    suppress_addresses(operator_app.ctx, ["ada@example.com"], reason="bounce")
    shown = read(tallybook("outbox", "suppressed", "Ada@example.com", "--json"))
    assert (shown["reason"], shown["since"]) == ("bounce", "2026-04-20T12:34:56.000Z")
    assert tallybook("outbox", "lift", "ada@example.com").out == "ada@example.com gets mail again\n"
    for command in ("suppressed", "lift"):
        run = tallybook("outbox", command, "ada@example.com")
        assert (run.code, run.err) == (1, "tallybook: This address is not suppressed\n")


@pytest.mark.parametrize("change", [{"kind": "parcel"}, {"body": {"parcel": 7}}])
def test_an_item_of_a_newer_release_is_listed_and_shown(operator_app, tallybook, mail, change):
    operator_app.ctx.tables.write(Update(keys.outbox(mail), set=change))
    operator_app.deliver()
    [item] = read(tallybook("outbox", "list", "--json"))["items"]
    assert (item["id"], item["holds"], item["state"], item["attempts"]) == (mail, [], "waiting", 0)
    assert item["error"].startswith("waits for a release that knows the ")
    assert read(tallybook("outbox", "show", "--json", mail))["error"] == item["error"]
    assert "waits for a release that knows" in tallybook("outbox", "list").out
