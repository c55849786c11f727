"""An outbox item of a kind, template or shape that this code does not know waits for the release that knows it."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from tallybook.cli.rows import outbox_row
from tallybook.domain.outbox import MAX_ATTEMPTS
from tallybook.domain.times import stamp
from tallybook.services.outbox import resolve_mail
from tallybook.services.outbox.deliver import deliver, list_outbox
from tallybook.services.outbox.other_releases import PAUSE
from tallybook.store import keys
from tallybook.store.commands import Update
from tallybook.store.outbox import read_outbox_item
from tests.support.app import App
from tests.support.call import LambdaContext
from tests.support.fake_aws import FakeAws
from tests.support.race import interleave


@pytest.fixture
def sweep(app: App, fake_aws: FakeAws) -> Callable[[], dict[str, int]]:
    """The scheduled call of the function, which returns the number of items for each outcome."""
    from outbox.app import handler

    return lambda: handler({"job": "outbox"}, LambdaContext())


def mail_of(app: App) -> dict[str, Any]:
    (found,) = [item for item in app.stored("core", "OUTBOX") if item["kind"] in ("mail", "letter to the moon")]
    return found


def events_of(app: App) -> dict[str, Any]:
    return next(item for item in app.stored("core", "OUTBOX") if item["kind"] == "events")


def store(app: App, item: dict[str, Any], **changes: Any) -> str:
    app.ctx.tables.write(Update(keys.outbox(item["id"]), set=changes))
    return str(item["id"])


def stored(app: App, item_id: str) -> Any:
    return read_outbox_item(app.ctx.tables.get(keys.outbox(item_id)) or {})


def a_template(app: App) -> str:
    item = mail_of(app)
    return store(app, item, body=item["body"] | {"letter": "postcard"})


def a_kind(app: App) -> str:
    return store(app, mail_of(app), kind="letter to the moon")


def a_mails_shape(app: App) -> str:
    item = mail_of(app)
    return store(app, item, body={"letter": "welcome", "recipients": item["body"]["to"]})


def an_events_shape(app: App) -> str:
    return store(app, events_of(app), body={"cloudevents": []})


def a_body_of_another_type(app: App) -> str:
    return store(app, mail_of(app), body=["welcome"])


EACH = pytest.mark.parametrize(
    ("make", "known"),
    [
        (a_template, "the mail postcard"),
        (a_kind, "the kind letter to the moon"),
        (a_mails_shape, "the shape of this mail"),
        (a_body_of_another_type, "the shape of this mail"),
        (an_events_shape, "the shape of these events"),
    ],
)


@EACH
def test_an_unknown_item_waits_and_blocks_no_other(
    app: App, sweep: Callable[[], dict[str, int]], make: Callable[[App], str], known: str
) -> None:
    app.member("ada@example.com")
    others = len(app.waiting()) - 1
    item_id = make(app)
    outcomes = sweep()
    assert outcomes == {"delivered": others, "postponed": 1}
    for _ in range(2 * MAX_ATTEMPTS):
        app.clock.advance(days=1)
        assert sweep() == {"postponed": 1}
    item = stored(app, item_id)
    assert (item.state, item.attempts, item.claims) == ("waiting", 0, 0)
    assert item.error == f"waits for a release that knows {known}"
    assert item.due == app.clock.now() + PAUSE
    [listed] = list_outbox(app.ctx, state="waiting", limit=9)
    assert listed == item
    assert outbox_row(item)["lane"] == "slow"


def test_a_waiting_mail_is_sent_by_the_release_that_knows_it(
    app: App, sweep: Callable[[], dict[str, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    app.member("ada@example.com")
    with monkeypatch.context() as older:
        known = {name: one for name, one in resolve_mail.RESOLVERS.items() if name != "welcome"}
        older.setattr(resolve_mail, "RESOLVERS", known)
        older.setattr("tallybook.services.outbox.other_releases.RESOLVERS", known)
        sweep()
    assert app.fake_aws.mails == []
    app.clock.advance(minutes=15)
    assert sweep() == {"delivered": 1}
    assert [mail.to for mail in app.fake_aws.mails] == ["ada@example.com"]


def test_an_item_that_a_newer_function_takes_meanwhile_is_its(app: App) -> None:
    app.member("ada@example.com")
    item_id = a_template(app)

    def take() -> None:
        app.ctx.tables.write(Update(keys.outbox(item_id), set={"claims": 1, "leased": True}))

    ctx = interleave(app, "update_item", take)
    assert deliver(ctx, app.fake_aws.channels(), item_id) == "not_due"
    assert stored(app, item_id).leased


def test_waiting_costs_one_read_and_one_write(app: App) -> None:
    app.member("ada@example.com")
    item_id = a_template(app)
    before = app.ctx.tables.get(keys.outbox(item_id)) or {}
    app.meter.clear()
    assert deliver(app.ctx, app.fake_aws.channels(), item_id) == "postponed"
    assert app.meter.operations == ["get", "update"]
    assert timedelta(minutes=5) < PAUSE < timedelta(hours=1)
    after = app.ctx.tables.get(keys.outbox(item_id)) or {}
    assert after == before | {"due": stamp(app.clock.now() + PAUSE), "error": after["error"]}
