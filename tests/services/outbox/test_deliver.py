"""Each outbox item is delivered at least once and has its effect once, whatever the stream does."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError

from tallybook.domain.errors import Conflict, NotFound
from tallybook.domain.outbox import LEASE, MAX_ATTEMPTS, Mail
from tallybook.domain.times import parse_instant
from tallybook.services.outbox.deliver import deliver, list_outbox, retry, sweep
from tallybook.services.outbox.suppressions import suppress_addresses
from tallybook.store.outbox import claim, delivered, put_mail, read_outbox_item
from tallybook.store.table import Refused
from tests.support.faults import client_error
from tests.support.house import House
from tests.support.invariants import check_invariants
from tests.support.outside import World

FOREVER = 1e9


def broken(*, code: str = "TooManyRequestsException", world: World | None = None) -> World:
    """A world in which every call fails, until its port is taken away."""

    def fail(operation: str, call: Any) -> Any:
        raise client_error(operation, code)

    world = world or World()
    world.port = fail
    return world


def item(house: House, item_id: str) -> dict[str, Any]:
    return next(item for item in house.stored("core") if item["pk"] == f"OUTBOX#{item_id}")


def mail_item(house: House, *to: str, letter: str = "account_resumed") -> str:
    """A mail that waits."""
    put = put_mail(Mail(letter, to, {"account": "Acme", "at": "now"}), "cause", at=house.clock.now())
    house.ctx.tables.write(put)
    return put.key.pk.removeprefix("OUTBOX#")


def test_a_registration_welcomes_and_announces_once_however_often_it_is_delivered(house: House) -> None:
    member = house.member("ada@example.com")
    ids = house.waiting()
    house.deliver()
    for item_id in [*ids, *reversed(ids)]:
        assert deliver(house.ctx, house.world.ways_out(), item_id) == "not_due"
    assert [mail.subject for mail in house.world.to("ada@example.com")] == ["Welcome to Tallybook"]
    told = {name for name, _ in house.world.events}
    assert told == {"AccountRegistered", "SubscriptionStarted", "WalletMoved", "ApiKeyCreated"}
    assert len(house.world.events) == 4
    (detail,), (later,) = house.world.named("AccountRegistered"), house.world.named("ApiKeyCreated")
    assert (detail["sequence"], later["sequence"]) == (1, 2)
    assert detail["data"]["account_id"] == member.subject
    assert (detail["version"], detail["time"]) == (1, "2026-04-20T12:34:56.000Z")
    check_invariants(house)


def test_what_the_stream_never_told_is_found_by_the_sweep(house: House) -> None:
    house.member("ada@example.com")
    house.clock.advance(days=1)
    outcomes = sweep(house.ctx, house.world.ways_out(), deadline=FOREVER)
    assert outcomes["delivered"] == 3
    assert house.waiting() == []
    assert sweep(house.ctx, house.world.ways_out(), deadline=FOREVER) == {}
    assert len(house.world.mails) == 1


def test_a_sweep_with_nothing_to_do_asks_each_partition_once_and_no_more(house: House) -> None:
    house.ctx.tables.bill.clear()
    sweep(house.ctx, house.world.ways_out(), deadline=FOREVER)
    assert house.ctx.tables.bill.operations == ["query"] * 4
    assert house.ctx.tables.bill.read_units == 2


def test_a_sweep_stops_at_its_deadline_and_the_next_one_goes_on(house: House) -> None:
    house.member()
    ticks = iter(range(10**6))
    house.reshape(elapsed=lambda: next(ticks))
    assert sweep(house.ctx, house.world.ways_out(), deadline=2) == {"delivered": 2, "left": 1}
    assert len(house.waiting()) == 1
    sweep(house.ctx, house.world.ways_out(), deadline=FOREVER)
    assert house.waiting() == []


def test_a_try_that_fails_is_followed_by_others_further_and_further_apart_and_then_it_is_parked(house: House) -> None:
    item_id = mail_item(house, "ada@example.com")
    world, pauses = broken(), []
    for _ in range(MAX_ATTEMPTS - 1):
        assert deliver(house.ctx, world.ways_out(), item_id) == "postponed"
        due = (parse_instant(item(house, item_id)["due"]) - house.clock.now()).total_seconds()
        pauses.append(due)
        house.clock.advance(seconds=due - 1)
        assert deliver(house.ctx, world.ways_out(), item_id) == "not_due"
        house.clock.advance(seconds=1)
    assert pauses == [60, 300, 1800, 7200, 28800, 86400]
    assert deliver(house.ctx, world.ways_out(), item_id) == "parked"
    house.clock.advance(days=30)
    assert sweep(house.ctx, World().ways_out(), deadline=FOREVER) == {}
    (parked,) = list_outbox(house.ctx, state="parked", limit=10)
    assert (parked.id, parked.attempts) == (item_id, 7)
    assert str(parked.error).startswith("Passing: TooManyRequestsException")
    check_invariants(house)


def test_tries_that_die_without_a_word_are_counted_too(house: House) -> None:
    item_id = mail_item(house, "ada@example.com")

    def die(operation: str, call: Any) -> Any:
        raise KeyboardInterrupt

    house.world.port = die
    for _ in range(MAX_ATTEMPTS):
        with pytest.raises(KeyboardInterrupt):
            deliver(house.ctx, house.world.ways_out(), item_id)
        house.clock.advance(seconds=LEASE.total_seconds())
    assert deliver(house.ctx, house.world.ways_out(), item_id) == "parked"
    check_invariants(house)


def test_what_was_parked_goes_again_when_the_operator_says_so(house: House) -> None:
    item_id = mail_item(house, "ada@example.com")
    assert deliver(house.ctx, broken(code="BadRequestException").ways_out(), item_id) == "parked", "it would never go"
    assert retry(house.ctx, item_id).attempts == 0
    assert deliver(house.ctx, house.world.ways_out(), item_id) == "delivered"
    assert len(house.world.mails) == 1
    with pytest.raises(Conflict) as refused:
        retry(house.ctx, item_id)
    assert refused.value.code == "delivered"
    with pytest.raises(NotFound):
        retry(house.ctx, "unknown")


def test_what_is_leaving_just_now_is_not_sent_once_more_by_the_operator(house: House) -> None:
    item_id = mail_item(house, "ada@example.com")

    def retried_meanwhile(operation: str, call: Any) -> Any:
        with pytest.raises(Conflict) as refused:
            retry(house.ctx, item_id)
        assert refused.value.code == "busy"
        return call()

    house.world.port = retried_meanwhile
    assert deliver(house.ctx, house.world.ways_out(), item_id) == "delivered"
    assert len(house.world.mails) == 1


def test_a_delivery_that_outlived_its_lease_marks_nothing_of_the_one_after_it(house: House) -> None:
    item_id = mail_item(house, "ada@example.com")
    late = read_outbox_item(item(house, item_id))
    house.ctx.tables.write(claim(late, now=house.clock.now()))
    house.clock.advance(seconds=LEASE.total_seconds())
    retry(house.ctx, item_id)
    with pytest.raises(Refused):
        house.ctx.tables.write(delivered(replace(late, claims=0), at=house.clock.now()))
    assert deliver(house.ctx, house.world.ways_out(), item_id) == "delivered"
    assert item(house, item_id)["claims"] == 2


def test_a_letter_there_is_not_is_tried_and_parked_and_stops_no_other(house: House) -> None:
    wrong, right = mail_item(house, "ada@example.com", letter="nonsense"), mail_item(house, "ada@example.com")
    for _ in range(MAX_ATTEMPTS):
        sweep(house.ctx, house.world.ways_out(), deadline=FOREVER)
        house.clock.advance(days=1)
    assert item(house, wrong)["state"] == "parked"
    assert item(house, right)["state"] == "delivered"


def test_no_other_delivery_has_an_item_while_one_has_it_and_one_that_died_gives_it_up_after_its_lease(
    house: House,
) -> None:
    item_id = mail_item(house, "ada@example.com")
    died = read_outbox_item(item(house, item_id))
    house.ctx.tables.write(claim(died, now=house.clock.now()))
    assert deliver(house.ctx, house.world.ways_out(), item_id) == "not_due"
    house.clock.advance(seconds=LEASE.total_seconds() - 1)
    assert sweep(house.ctx, house.world.ways_out(), deadline=FOREVER) == {}
    house.clock.advance(seconds=1)
    assert sweep(house.ctx, house.world.ways_out(), deadline=FOREVER) == {"delivered": 1}


def test_each_address_gets_a_mail_once_however_it_is_written_and_sees_no_other(house: House) -> None:
    item_id = mail_item(house, "ada@example.com", "Ada@Example.com", "bob@example.com", " ada@example.com ")
    deliver(house.ctx, house.world.ways_out(), item_id)
    assert [mail.to for mail in house.world.mails] == ["ada@example.com", "bob@example.com"]


def test_of_several_addresses_those_that_have_their_mail_get_no_second_one(house: House) -> None:
    item_id = mail_item(house, "ada@example.com", "bob@example.com", "eve@example.com")
    world = World()

    def second_fails(operation: str, call: Any) -> Any:
        if len(world.mails) == 1:
            raise ReadTimeoutError(endpoint_url="https://email")
        return call()

    world.port = second_fails
    assert deliver(house.ctx, world.ways_out(), item_id) == "postponed"
    world.port = lambda _, call: call()
    house.clock.advance(minutes=1)
    assert deliver(house.ctx, world.ways_out(), item_id) == "delivered"
    assert [mail.to for mail in world.mails] == ["ada@example.com", "bob@example.com", "eve@example.com"]
    assert item(house, item_id)["sent"] == ["ada@example.com", "bob@example.com", "eve@example.com"]


@pytest.mark.parametrize("bad", range(3))
def test_an_address_that_is_refused_for_good_keeps_no_other_from_its_mail(house: House, bad: int) -> None:
    addresses = ["ada@example.com", "bob@example.com", "eve@example.com"]
    item_id = mail_item(house, *addresses)
    calls: list[str] = []

    def refused(operation: str, call: Any) -> Any:
        calls.append(operation)
        if len(calls) == bad + 1:
            raise client_error("send_email", "BadRequestException")
        return call()

    house.world.port = refused
    assert deliver(house.ctx, house.world.ways_out(), item_id) == "parked"
    others = [address for address in addresses if address != addresses[bad]]
    assert [mail.to for mail in house.world.mails] == others
    assert item(house, item_id)["sent"] == others
    retry(house.ctx, item_id)
    assert deliver(house.ctx, house.world.ways_out(), item_id) == "delivered"
    assert [mail.to for mail in house.world.mails] == [*others, addresses[bad]]


def test_whoever_bounced_or_complained_gets_no_more_mail_and_the_item_says_so(house: House) -> None:
    suppress_addresses(house.ctx, ["Ada@example.com"], reason="bounce")
    item_id = mail_item(house, "ada@example.com", "bob@example.com")
    assert deliver(house.ctx, house.world.ways_out(), item_id) == "delivered"
    assert [mail.to for mail in house.world.mails] == ["bob@example.com"]
    assert item(house, item_id)["skipped"] == ["ada@example.com"]


def test_a_bus_that_takes_only_some_events_gets_all_of_them_again_under_the_same_ids(house: House) -> None:
    house.member()
    (item_id,) = [each for each in house.waiting() if len(item(house, each)["body"].get("events", ())) == 3]
    world = World()

    def half(operation: str, call: Any) -> Any:
        answer = call()
        answer["Entries"][1] = {"ErrorCode": "ThrottlingException"}
        return answer | {"FailedEntryCount": 1}

    world.port = half
    assert deliver(house.ctx, world.ways_out(), item_id) == "postponed"
    world.port = lambda _, call: call()
    house.clock.advance(minutes=1)
    assert deliver(house.ctx, world.ways_out(), item_id) == "delivered"
    ids = [detail["id"] for detail in world.details]
    assert ids[:3] == ids[3:]
    assert len(set(ids)) == 3


def test_a_delivery_reads_claims_sends_and_marks_in_four_calls(house: House) -> None:
    item_id = mail_item(house, "ada@example.com")
    house.ctx.tables.bill.clear()
    deliver(house.ctx, house.world.ways_out(), item_id)
    bill = house.ctx.tables.bill
    assert bill.operations == ["get", "update", "get_many", "update"]
    assert (bill.read_units, bill.write_units) == (2, 2 + 2 + 1)


def test_what_was_delivered_is_kept_for_90_days_and_out_of_the_index(house: House) -> None:
    item_id = mail_item(house, "ada@example.com")
    deliver(house.ctx, house.world.ways_out(), item_id)
    stored = item(house, item_id)
    assert "work" not in stored
    assert stored["expires"] == int((house.clock.now() + timedelta(days=90)).timestamp())
    assert list_outbox(house.ctx, state="waiting", limit=10) == []
