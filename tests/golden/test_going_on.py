"""Accounts with a history go on with items of each format, and both formats lead to the same bills."""

from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Any, NamedTuple
from unittest.mock import patch
from uuid import UUID

import pytest

from tallybook.domain.times import EPOCH, stamp
from tallybook.domain.usage import MAX_AGE
from tallybook.services.lookup import list_accounts
from tallybook.services.outbox.deliver import deliver
from tallybook.store import keys
from tallybook.store.commands import Item, Update
from tests.functions.route_catalog import GET_ROUTES
from tests.golden.going_on import GoingOn
from tests.golden.items import SETS, read_items
from tests.golden.loading import load
from tests.golden.present import handlers_of
from tests.golden.story import END
from tests.support import invariants, invoice_invariants
from tests.support.app import App
from tests.support.call import call
from tests.support.invariants import check_invariants

EXCEPTIONS: dict[str, tuple[tuple[Any, str], ...]] = {
    "1": (
        (invariants, "_wallet_usage_is_paid_once"),  # markers of format 1 don't name the ledger entry that paid them
        (invoice_invariants, "_void_bills_are_no_credit"),  # void invoices of format 1 left no mark
    ),
    "2": (),
}
"""By format: what today's code does not know of older items. The same story over format 2 has no exception."""

NAMES = ("ada", "bob", "eve", "fay", "hal")


class History(NamedTuple):
    app: App
    going_on: GoingOn


@pytest.fixture(params=SETS)
def name(request: pytest.FixtureRequest) -> str:
    name_of_set: str = request.param
    return name_of_set


@pytest.fixture
def history(empty_app: App, name: str) -> Iterator[History]:
    credentials = load(empty_app, name)
    with handlers_of(empty_app):
        yield History(empty_app, GoingOn(empty_app, credentials))


bills: dict[str, list[tuple[Any, ...]]] = {}


def test_the_accounts_go_on_and_get_the_same_bills(history: History, name: str) -> None:
    history.going_on.live()
    check_with_exceptions(history.app, EXCEPTIONS[name])
    assert_gets_answer(history)
    bills[name] = sorted(map(bill_of, history.app.stored("core", "INVOICE#")))
    bills[name] += sorted(map(entry_of, history.app.stored("core", "ENTRY#")))
    assert bills[name] == bills[min(bills)], "the first format leads to other bills"


def test_no_account_is_lost(history: History) -> None:
    listed = list_accounts(history.app.ctx, limit=100)
    emails = {f"{name}@example.com" for name in ("ada", "eve", "fay", "gus")} | {"hal@example.org"}
    assert {getattr(account, "email", account) for account in listed} == emails


def test_each_get_answers(history: History) -> None:
    assert_gets_answer(history)


def test_events_of_the_story_are_duplicates_and_others_conflict(history: History) -> None:
    """Sent again as they were, told from the markers of format 2, which have the whole event."""
    markers = [item for item in read_items("2", "usage") if item["pk"].startswith("EVENT#")]
    events = [event_of(marker) for marker in markers if END - time_of(marker) <= MAX_AGE]
    assert len(events) > 5
    assert set(history.going_on.send(*events)) == {"duplicate"}
    others = [event | {"data": event["data"] | {"quantity": "7.77"}} for event in events]
    assert set(history.going_on.send(*others)) == {"conflict"}


def test_what_is_signed_in_to_and_what_expired(history: History) -> None:
    assert history.going_on.get("ada", "/v1/user-management/users/me").status == 200
    session = history.going_on.credentials["ada_session"]
    assert call("GET", "/auth/me", bearer=session).status == 401


def test_each_mail_and_event_is_delivered_if_it_still_waits(history: History) -> None:
    """Each of the story, as if nothing had been delivered yet: none fails for its template, context or name."""
    app = history.app
    for item in app.stored("core", "OUTBOX"):
        waiting = {"state": "waiting", "work": "outbox#0", "due": stamp(END), "sent": [], "attempts": 0}
        app.ctx.tables.write(Update(keys.outbox(item["id"]), set=waiting, remove=("leased", "delivered_at")))
        outcomes = deliver(app.ctx, app.fake_aws.channels(), item["id"])
        assert outcomes == "delivered", (item["id"], item["body"])
    assert len(app.fake_aws.mails) > 20
    assert len(app.fake_aws.entries) > 10


def check_with_exceptions(app: App, exceptions: Iterable[tuple[Any, str]]) -> None:
    patches = [patch.object(module, name, lambda *_, **__: None) for module, name in exceptions]
    for each in patches:
        each.start()
    try:
        check_invariants(app)
    finally:
        for each in patches:
            each.stop()


def assert_gets_answer(history: History) -> None:
    """Each GET of the API, as each user, for each invoice and allocation that they have."""
    there = {item["id"] for item in history.app.stored("core", "USER#") if item["status"] == "active"}
    for name in (name for name in NAMES if history.going_on.users[name]["id"] in there):
        ids = ids_of(history, name)
        for route in GET_ROUTES:
            field = route.path.partition("{")[2].partition("}")[0]
            for id in ids.get(field, [""]):
                answer = history.going_on.get(name, route.path.replace(f"{{{field}}}", id))
                assert answer.status in (200, 403), (name, route, answer.text)


def ids_of(history: History, name: str) -> dict[str, list[str]]:
    invoices = history.going_on.get(name, "/v1/billing/invoices").json["data"]["invoices"]
    account_id = history.going_on.users[name]["account_id"]
    own = [item for item in history.app.stored("core") if item["pk"] == f"ACCOUNT#{account_id}"]
    active = [item for item in own if item.get("status") == "active"]
    return {
        "invoice_id": [invoice["invoice_id"] for invoice in invoices],
        "user_id": [f"usr-{item['id']}" for item in active if item["sk"].startswith("USER#")],
        "allocation_id": [f"qal-{item['id']}" for item in active if item["sk"].startswith("ALLOCATION#")],
    }


def bill_of(item: Item) -> tuple[Any, ...]:
    lines = [(line["type"], int(line["amount"])) for line in item["lines"]]
    return item["id"], item["status"], item["start"], item["end"], lines, int(item["paid_by_balance"])


def entry_of(item: Item) -> tuple[Any, ...]:
    return item["account_id"], int(item["number"]), item["kind"], int(item["amount"]), int(item["balance_after"])


def time_of(marker: Item) -> Any:
    return EPOCH + timedelta(milliseconds=int(marker["t"]))


def event_of(marker: Item) -> Item:
    ids = {"user_id": ("u", "usr-"), "session_id": ("n", ""), "app_id": ("p", "")}
    named = {
        field: prefix + (marker[name] if isinstance(marker[name], str) else str(UUID(bytes=bytes(marker[name]))))
        for field, (name, prefix) in ids.items()
        if name in marker
    }
    data = {"meter": marker["meter"], "quantity": marker["quantity"], **named}
    return {
        "specversion": "1.0",
        "id": marker["i"],
        "source": marker["s"],
        "type": "tallybook.usage.v1",
        "time": stamp(time_of(marker)),
        "subject": f"acc-{marker['account_id']}",
        "data": data | ({"sku": marker["sku"]} if "sku" in marker else {}),
    }
