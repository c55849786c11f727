"""What waits to leave, and what was given up, as an operator looks at it."""

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
def member(office):
    return office.member()


@pytest.fixture
def mail(office, member):
    """The id of the one mail that waits."""
    [item] = [item for item in office.stored("core") if item.get("kind") == "mail"]
    return item["id"]


def park(office, item_id):
    item = office.ctx.tables.get(keys.outbox(item_id))
    office.ctx.tables.write(
        outbox.park(read_outbox_item(item), at=office.clock.now(), error="TransientMailError: Throttled\n\x1b[31mred")
    )


def test_what_waits_is_listed(office, tallybook, member, mail):
    items = read(tallybook("outbox", "list", "--json"))["items"]
    assert {item["kind"] for item in items} == {"mail", "events"}
    [item] = [item for item in items if item["id"] == mail]
    assert item == {
        "id": mail,
        "kind": "mail",
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
    assert head.startswith("id\tkind\tholds")
    assert len(lines) == len(items)
    assert read(tallybook("outbox", "list", "--json", "--parked"))["items"] == []


def test_what_was_given_up_is_listed_apart_and_tried_again_on_demand(office, tallybook, mail):
    park(office, mail)
    assert mail not in tallybook("outbox", "list").out
    [item] = read(tallybook("outbox", "list", "--json", "--parked"))["items"]
    assert (item["id"], item["state"]) == (mail, "parked")
    [_, line] = tallybook("outbox", "list", "--parked").out.splitlines()
    assert "TransientMailError: Throttled  [31mred" in line
    told = tallybook("outbox", "retry", mail)
    assert (told.code, told.out) == (0, f"{mail} is due now\n")
    shown = read(tallybook("outbox", "show", "--json", mail))
    assert (shown["state"], shown["attempts"]) == ("waiting", 0)
    assert read(tallybook("outbox", "retry", "--json", mail))["state"] == "waiting"
    assert PARKED not in str(office.ctx.tables.get(keys.outbox(mail))["work"])
    check_invariants(office)


def test_an_item_is_shown_line_by_line(office, tallybook, mail):
    assert tallybook("outbox", "show", mail).out.startswith(f"id\t{mail}\nkind\tmail\n")


def test_what_has_left_is_not_sent_again(office, tallybook, mail):
    office.ctx.tables.write(Update(keys.outbox(mail), set={"state": "delivered"}, remove=("work", "due")))
    run = tallybook("outbox", "retry", mail)
    assert (run.code, run.out, run.err) == (1, "", "tallybook: It has been delivered\n")


@pytest.mark.parametrize("verb", ["show", "retry"])
def test_an_unknown_item_is_told_in_one_line(office, tallybook, verb):
    run = tallybook("outbox", verb, "--json", "0199")
    assert (run.code, run.out, run.err) == (1, "", "tallybook: There is no such outbox item\n")


@pytest.mark.parametrize("arguments", [("list", "--limit", "none"), ("show",), ("retry",)])
def test_a_command_that_can_not_be_read_ends_with_2(office, tallybook, arguments):
    assert tallybook("outbox", *arguments).code == 2


def test_an_address_that_gets_no_mail_is_shown_and_let_in_again(office, tallybook):
    suppress_addresses(office.ctx, ["ada@example.com"], reason="bounce")
    shown = read(tallybook("outbox", "suppressed", "Ada@example.com", "--json"))
    assert (shown["reason"], shown["since"]) == ("bounce", "2026-04-20T12:34:56.000Z")
    assert tallybook("outbox", "lift", "ada@example.com").out == "ada@example.com gets mail again\n"
    for command in ("suppressed", "lift"):
        run = tallybook("outbox", command, "ada@example.com")
        assert (run.code, run.err) == (1, "tallybook: This address is not suppressed\n")
