"""A counted event is found by its identity: when it was accepted, by which key, in which period, at which price."""

from datetime import timedelta
from decimal import Decimal

import pytest

from tallybook.domain.closing_cursor import GRACE
from tallybook.domain.counted_events import Acceptance
from tallybook.domain.errors import NotFound
from tallybook.domain.times import stamp
from tallybook.domain.usage import Event
from tallybook.services.metering.find_event import find_event
from tallybook.services.metering.ingest import account_keys, record_usage
from tallybook.store import keys
from tallybook.store.commands import Put
from tallybook.wire.requests.cloudevents import read_events
from tests.support.app import App, Member
from tests.support.ndjson import as_json


@pytest.fixture
def member(app: App) -> Member:
    return app.member()


def test_an_event_is_found_with_one_read(app: App, member: Member) -> None:
    time = app.clock.now() - timedelta(minutes=5)
    event = app.event(member, time=time, quantity="2.50", user_id=member.user_id, session_id="s-1", app_id="p")
    submitted = read_events(as_json([event]))
    record_usage(app.ctx, submitted, app.ctx.tables.get_many(account_keys(submitted)), key_id="k-1")
    app.meter.clear()
    found = find_event(app.ctx, source="test", id=event["id"])
    assert (app.meter.operations, app.meter.read_units) == (["get"], 1)
    assert (found.account_id, found.user_id) == (member.account.id, member.user.id)
    assert (found.session_id, found.app_id, found.meter, found.sku) == ("s-1", "p", "cpu_seconds", None)
    assert (found.quantity, found.time) == (Decimal("2.5"), time)
    start = member.account.closing_cursor.period.start
    price = "USD 0.000014 per unit"
    expected = Acceptance(app.clock.now(), start, None, "k-1", plan="hobby", catalog_version=1, price=price)
    assert found.acceptance == expected


def test_a_late_event_names_both_periods(app: App, member: Member) -> None:
    first = member.account.closing_cursor.period
    app.clock.moment = first.end + GRACE
    app.invoice_due()
    event = app.event(member, time=first.start)
    app.record(event)
    accepted = find_event(app.ctx, source="test", id=event["id"]).acceptance
    assert (accepted.period_start, accepted.late_for, accepted.key_id) == (first.start, first.end, None)


def test_an_event_that_was_rejected_or_never_sent_is_not_found(app: App, member: Member) -> None:
    event = app.event(member, meter="kilowatts")
    app.record(event)
    app.record({**event, "data": {**event["data"], "meter": "cpu_seconds"}, "id": "other"})
    unknown = [("test", event["id"]), ("test", "nothing"), ("tes", "tother"), ("", ""), ("\udcff", "\ud800")]
    for source, id in unknown:
        with pytest.raises(NotFound, match="No such event was counted in the last 36 days"):
            find_event(app.ctx, source=source, id=id)


def test_markers_of_older_code_still_tell_duplicates_from_conflicts(app: App, member: Member) -> None:
    """The older code stored the content as 40 hex digits."""
    sent = [app.event(member, quantity=quantity) for quantity in (1, 2)]
    for event in read_events(as_json(sent)):
        assert isinstance(event, Event)
        item = {
            "content": event.content,
            "account_id": member.account.id,
            "period": stamp(member.account.closing_cursor.period.start),
            "meter": event.meter,
            "quantity": "1",
            "expires": int(app.clock.now().timestamp()) + 36 * 86400,
        }
        app.ctx.tables.write(Put(keys.marker(event.identity), item))
    changed = {**sent[1], "data": {**sent[1]["data"], "quantity": 3}}
    answers = app.record(sent[0], changed, sent[1], app.event(member), sent[0])
    assert [one.status for one in answers] == ["duplicate", "conflict", "duplicate", "accepted", "duplicate"]
    old = find_event(app.ctx, source="test", id=sent[0]["id"])
    expected = Acceptance(at=app.clock.now().replace(microsecond=0), period_start=old.acceptance.period_start)
    assert (old.acceptance, old.time, old.user_id) == (expected, None, None)
