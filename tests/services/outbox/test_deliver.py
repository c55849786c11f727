"""Each outbox item is delivered at least once and takes effect once, with or without the stream."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError

from tallybook.domain.errors import Conflict, NotFound
from tallybook.domain.outbox import LEASE, MAX_ATTEMPTS, Mail
from tallybook.domain.times import parse_instant
from tallybook.services.outbox.deliver import deliver, list_outbox, retry
from tallybook.services.outbox.suppressions import suppress_addresses
from tallybook.services.outbox.sweep import sweep
from tallybook.store.conflicts import WriteConflict
from tallybook.store.outbox import claim, mark_delivered, put_mail, read_outbox_item
from tests.support.app import App
from tests.support.fake_aws import FakeAws
from tests.support.faults import client_error
from tests.support.invariants import check_invariants

FOREVER = 1e9


def fail_all_calls(*, code: str = "TooManyRequestsException", fake_aws: FakeAws | None = None) -> FakeAws:
    """A fake AWS whose every call fails until its interceptor is replaced."""

    def fail(operation: str, call: Any) -> Any:
        raise client_error(operation, code)

    fake_aws = fake_aws or FakeAws()
    fake_aws.interceptor = fail
    return fake_aws


def item(app: App, item_id: str) -> dict[str, Any]:
    return next(item for item in app.stored("core") if item["pk"] == f"OUTBOX#{item_id}")


def put_waiting_mail(app: App, *to: str, template: str = "account_resumed", account_id: str | None = None) -> str:
    """Store a waiting mail, and return its item's id."""
    mail = Mail(template, to, {"account": "Acme", "at": "now"})
    put = put_mail(mail, "cause", at=app.clock.now(), account_id=account_id)
    app.ctx.tables.write(put)
    return put.key.pk.removeprefix("OUTBOX#")


def test_a_sign_up_is_announced_once_over_repeated_deliveries(app: App) -> None:
    member = app.member("ada@example.com")
    ids = app.waiting()
    app.deliver()
    for item_id in [*ids, *reversed(ids)]:
        assert deliver(app.ctx, app.fake_aws.channels(), item_id) == "not_due"
    assert [mail.subject for mail in app.fake_aws.mails_to("ada@example.com")] == ["Welcome to Tallybook"]
    names = {name for name, _ in app.fake_aws.events}
    assert names == {"AccountRegistered", "SubscriptionStarted", "WalletMoved", "ApiKeyCreated"}
    assert len(app.fake_aws.events) == 4
    (detail,), (later,) = app.fake_aws.events_named("AccountRegistered"), app.fake_aws.events_named("ApiKeyCreated")
    assert (detail["sequence"], later["sequence"]) == (1, 2)
    assert detail["data"]["account_id"] == member.subject
    assert (detail["version"], detail["time"]) == (1, "2026-04-20T12:34:56.000Z")
    check_invariants(app)


def test_the_sweep_delivers_items_that_the_stream_missed(app: App) -> None:
    app.member("ada@example.com")
    app.clock.advance(days=1)
    outcomes = sweep(app.ctx, app.fake_aws.channels(), deadline=FOREVER)
    assert outcomes["delivered"] == 3
    assert app.waiting() == []
    assert sweep(app.ctx, app.fake_aws.channels(), deadline=FOREVER) == {}
    assert len(app.fake_aws.mails) == 1


def test_an_empty_sweep_queries_each_partition_once(app: App) -> None:
    app.meter.clear()
    sweep(app.ctx, app.fake_aws.channels(), deadline=FOREVER)
    assert app.meter.operations == ["query"] * 8
    assert app.meter.read_units == 4


def test_a_sweep_stops_at_its_deadline_and_the_next_one_continues(app: App) -> None:
    app.member()
    ticks = iter(range(10**6))
    app.reshape(elapsed=lambda: next(ticks))
    assert sweep(app.ctx, app.fake_aws.channels(), deadline=2) == {"delivered": 2, "left": 1}
    assert len(app.waiting()) == 1
    sweep(app.ctx, app.fake_aws.channels(), deadline=FOREVER)
    assert app.waiting() == []


def test_failed_deliveries_are_retried_with_growing_pauses_then_parked(app: App) -> None:
    item_id = put_waiting_mail(app, "ada@example.com")
    fake_aws, pauses = fail_all_calls(), []
    for _ in range(MAX_ATTEMPTS - 1):
        assert deliver(app.ctx, fake_aws.channels(), item_id) == "postponed"
        due = (parse_instant(item(app, item_id)["due"]) - app.clock.now()).total_seconds()
        pauses.append(due)
        app.clock.advance(seconds=due - 1)
        assert deliver(app.ctx, fake_aws.channels(), item_id) == "not_due"
        app.clock.advance(seconds=1)
    assert pauses == [60, 300, 1800, 7200, 28800, 86400]
    assert deliver(app.ctx, fake_aws.channels(), item_id) == "parked"
    app.clock.advance(days=30)
    assert sweep(app.ctx, FakeAws().channels(), deadline=FOREVER) == {}
    (parked,) = list_outbox(app.ctx, state="parked", limit=10)
    assert (parked.id, parked.attempts) == (item_id, 7)
    assert str(parked.error).startswith("TransientMailError: TooManyRequestsException")
    check_invariants(app)


def test_deliveries_that_crash_are_counted_as_attempts(app: App) -> None:
    item_id = put_waiting_mail(app, "ada@example.com")

    def die(operation: str, call: Any) -> Any:
        raise KeyboardInterrupt

    app.fake_aws.interceptor = die
    for _ in range(MAX_ATTEMPTS):
        with pytest.raises(KeyboardInterrupt):
            deliver(app.ctx, app.fake_aws.channels(), item_id)
        app.clock.advance(seconds=LEASE.total_seconds())
    assert deliver(app.ctx, app.fake_aws.channels(), item_id) == "parked"
    check_invariants(app)


def test_the_operator_can_retry_a_parked_item(app: App) -> None:
    item_id = put_waiting_mail(app, "ada@example.com")
    rejecting = fail_all_calls(code="BadRequestException").channels()
    assert deliver(app.ctx, rejecting, item_id) == "parked", "a rejected mail is not retried"
    assert retry(app.ctx, item_id).attempts == 0
    assert deliver(app.ctx, app.fake_aws.channels(), item_id) == "delivered"
    assert len(app.fake_aws.mails) == 1
    with pytest.raises(Conflict) as refused:
        retry(app.ctx, item_id)
    assert refused.value.code == "delivered"
    with pytest.raises(NotFound):
        retry(app.ctx, "unknown")


def test_an_operators_retry_during_a_delivery_does_not_send_twice(app: App) -> None:
    item_id = put_waiting_mail(app, "ada@example.com")

    def retry_meanwhile(operation: str, call: Any) -> Any:
        with pytest.raises(Conflict) as refused:
            retry(app.ctx, item_id)
        assert refused.value.code == "busy"
        return call()

    app.fake_aws.interceptor = retry_meanwhile
    assert deliver(app.ctx, app.fake_aws.channels(), item_id) == "delivered"
    assert len(app.fake_aws.mails) == 1


def test_a_delivery_past_its_lease_does_not_mark_the_next_one(app: App) -> None:
    item_id = put_waiting_mail(app, "ada@example.com")
    late = read_outbox_item(item(app, item_id))
    app.ctx.tables.write(claim(late, now=app.clock.now()))
    app.clock.advance(seconds=LEASE.total_seconds())
    retry(app.ctx, item_id)
    with pytest.raises(WriteConflict):
        app.ctx.tables.write(mark_delivered(replace(late, claims=0), at=app.clock.now()))
    assert deliver(app.ctx, app.fake_aws.channels(), item_id) == "delivered"
    assert item(app, item_id)["claims"] == 2


def test_a_delivery_has_its_item_to_itself_until_the_lease_ends(
    app: App,
) -> None:
    item_id = put_waiting_mail(app, "ada@example.com")
    died = read_outbox_item(item(app, item_id))
    app.ctx.tables.write(claim(died, now=app.clock.now()))
    assert deliver(app.ctx, app.fake_aws.channels(), item_id) == "not_due"
    app.clock.advance(seconds=LEASE.total_seconds() - 1)
    assert sweep(app.ctx, app.fake_aws.channels(), deadline=FOREVER) == {}
    app.clock.advance(seconds=1)
    assert sweep(app.ctx, app.fake_aws.channels(), deadline=FOREVER) == {"delivered": 1}


def test_each_address_gets_its_own_mail_once_in_any_spelling(app: App) -> None:
    item_id = put_waiting_mail(app, "ada@example.com", "Ada@Example.com", "bob@example.com", " ada@example.com ")
    deliver(app.ctx, app.fake_aws.channels(), item_id)
    assert [mail.to for mail in app.fake_aws.mails] == ["ada@example.com", "bob@example.com"]


def test_a_retry_skips_addresses_that_have_their_mail(app: App) -> None:
    item_id = put_waiting_mail(app, "ada@example.com", "bob@example.com", "eve@example.com")
    fake_aws = FakeAws()

    def fail_second(operation: str, call: Any) -> Any:
        if len(fake_aws.mails) == 1:
            raise ReadTimeoutError(endpoint_url="https://email")
        return call()

    fake_aws.interceptor = fail_second
    assert deliver(app.ctx, fake_aws.channels(), item_id) == "postponed"
    fake_aws.interceptor = lambda _, call: call()
    app.clock.advance(minutes=1)
    assert deliver(app.ctx, fake_aws.channels(), item_id) == "delivered"
    assert [mail.to for mail in fake_aws.mails] == ["ada@example.com", "bob@example.com", "eve@example.com"]
    assert item(app, item_id)["sent"] == ["ada@example.com", "bob@example.com", "eve@example.com"]


@pytest.mark.parametrize("bad", range(3))
def test_a_rejected_address_does_not_keep_others_from_their_mail(app: App, bad: int) -> None:
    addresses = ["ada@example.com", "bob@example.com", "eve@example.com"]
    item_id = put_waiting_mail(app, *addresses)
    calls: list[str] = []

    def refused(operation: str, call: Any) -> Any:
        calls.append(operation)
        if len(calls) == bad + 1:
            raise client_error("send_email", "BadRequestException")
        return call()

    app.fake_aws.interceptor = refused
    assert deliver(app.ctx, app.fake_aws.channels(), item_id) == "parked"
    others = [address for address in addresses if address != addresses[bad]]
    assert [mail.to for mail in app.fake_aws.mails] == others
    assert item(app, item_id)["sent"] == others
    retry(app.ctx, item_id)
    assert deliver(app.ctx, app.fake_aws.channels(), item_id) == "delivered"
    assert [mail.to for mail in app.fake_aws.mails] == [*others, addresses[bad]]


def test_a_suppressed_address_is_skipped_and_the_item_lists_it(app: App) -> None:
    suppress_addresses(app.ctx, ["Ada@example.com"], reason="bounce")
    item_id = put_waiting_mail(app, "ada@example.com", "bob@example.com")
    assert deliver(app.ctx, app.fake_aws.channels(), item_id) == "delivered"
    assert [mail.to for mail in app.fake_aws.mails] == ["bob@example.com"]
    assert item(app, item_id)["skipped"] == ["ada@example.com"]


def test_a_partly_failed_publish_is_repeated_in_full_with_the_same_ids(app: App) -> None:
    app.member()
    (item_id,) = [each for each in app.waiting() if len(item(app, each)["body"].get("events", ())) == 3]
    fake_aws = FakeAws()

    def half(operation: str, call: Any) -> Any:
        answer = call()
        answer["Entries"][1] = {"ErrorCode": "ThrottlingException"}
        return answer | {"FailedEntryCount": 1}

    fake_aws.interceptor = half
    assert deliver(app.ctx, fake_aws.channels(), item_id) == "postponed"
    fake_aws.interceptor = lambda _, call: call()
    app.clock.advance(minutes=1)
    assert deliver(app.ctx, fake_aws.channels(), item_id) == "delivered"
    ids = [detail["id"] for detail in fake_aws.details]
    assert ids[:3] == ids[3:]
    assert len(set(ids)) == 3


def test_a_delivery_reads_claims_sends_and_marks_in_four_calls(app: App) -> None:
    member = app.confirm(app.member("ada@example.com"))
    item_id = put_waiting_mail(app, "ada@example.com", account_id=member.account.id)
    app.meter.clear()
    deliver(app.ctx, app.fake_aws.channels(), item_id)
    meter = app.meter
    assert meter.operations == ["get", "update", "get_many", "update"]
    assert (meter.read_units, meter.write_units) == (4, 2 + 2 + 1)


def test_a_delivered_item_is_kept_90_days_and_leaves_the_work_index(app: App) -> None:
    item_id = put_waiting_mail(app, "ada@example.com")
    deliver(app.ctx, app.fake_aws.channels(), item_id)
    stored = item(app, item_id)
    assert "work" not in stored
    assert stored["expires"] == int((app.clock.now() + timedelta(days=90)).timestamp())
    assert list_outbox(app.ctx, state="waiting", limit=10) == []
