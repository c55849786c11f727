"""A crash at any external call of a delivery or a sweep loses nothing, and repeats only the mail at the crash."""

from contextlib import suppress
from typing import Any

from tallybook.domain.errors import Conflict
from tallybook.domain.outbox import LEASE, Lane
from tallybook.services.identity.api_keys import create_api_key
from tallybook.services.identity.authenticate import authenticate
from tallybook.services.identity.change_password import ask_for_reset, set_password
from tallybook.services.outbox.batch import deliver_batch
from tallybook.services.outbox.deliver import deliver, retry
from tallybook.services.outbox.suppressions import suppress_addresses
from tallybook.services.outbox.sweep import sweep
from tallybook.store.outbox import lane_of, read_outbox_item
from tests.simulation.conftest import Sweep
from tests.support.app import HERE, PASSWORD, App
from tests.support.faults import client_error
from tests.support.waiting_mails import as_of_an_earlier_release, put_waiting, stored_item

FOREVER = 1e9


def prepare(app: App) -> list[str]:
    """Leave a mail with a password link, one about a key, and an event undelivered."""
    member = app.member("ada@example.com")
    app.deliver()
    ask_for_reset(app.ctx, email="ada@example.com", address=HERE)
    create_api_key(app.ctx, authenticate(app.ctx, member.session), name="ci")
    return app.waiting()


def check_all_delivered(app: App, ids: list[str], _: Any) -> None:
    assert app.waiting() == []
    mails = [mail for mail in app.fake_aws.mails if mail.item in ids]
    sent = [detail["id"] for detail in app.fake_aws.events_named("ApiKeyCreated")][1:]
    assert len(set(sent)) == 1
    assert len({mail.subject for mail in mails}) == 2
    assert len(mails) + len(sent) <= 4, "only the item at the crash may be sent twice"
    links = [mail for mail in mails if "#pwt_" in mail.text]
    set_password(app.ctx, token=links[-1].token, password=PASSWORD, address=HERE)


def test_a_sweep(sweep: Sweep) -> None:
    def act(app: App, _: Any) -> Any:
        app.clock.advance(seconds=LEASE.total_seconds())
        return sweep_all(app)

    assert sweep(prepare, act, check_all_delivered) == 30  # 8 of them query the index


def sweep_all(app: App) -> Any:
    return sweep(app.ctx, app.fake_aws.channels(), deadline=FOREVER)


def test_a_stream_that_repeats_every_record(sweep: Sweep) -> None:
    def act(app: App, ids: list[str]) -> None:
        app.clock.advance(seconds=LEASE.total_seconds())
        for item_id in [*ids, *ids]:
            deliver(app.ctx, app.fake_aws.channels(), item_id)

    assert sweep(prepare, act, check_all_delivered) == 25


def test_a_batch_of_both_lanes(sweep: Sweep) -> None:
    def act(app: App, ids: list[str]) -> None:
        app.clock.advance(seconds=LEASE.total_seconds())
        lanes: dict[Lane, list[str]] = {"fast": in_lane(app, "fast", ids), "slow": in_lane(app, "slow", ids)}
        deliver_batch(app.ctx, app.fake_aws.channels(), lanes, deadline=FOREVER)

    assert sweep(prepare, act, check_all_delivered) == 22


def test_a_slow_item_of_a_release_without_lanes_that_fails(sweep: Sweep) -> None:
    def old(app: App) -> str:
        item_id = put_waiting(app, "slow", "ada")
        as_of_an_earlier_release(app, item_id)
        return item_id

    def act(app: App, item_id: str) -> None:
        app.clock.advance(seconds=LEASE.total_seconds())
        interceptor, app.fake_aws.interceptor = app.fake_aws.interceptor, throttle
        try:
            deliver(app.ctx, app.fake_aws.channels(), item_id)
        finally:
            app.fake_aws.interceptor = interceptor
        app.clock.advance(minutes=30)  # as long as the pause after a repeated attempt
        sweep_all(app)

    def check(app: App, item_id: str, _: Any) -> None:
        assert app.waiting() == []
        assert 1 <= len(app.fake_aws.mails) <= 2

    assert sweep(old, act, check) == 18


def test_a_parked_item_that_the_operator_tries_again(sweep: Sweep) -> None:
    def parked(app: App) -> str:
        app.member("ada@example.com")
        (item_id,) = [each for each in app.waiting() if kind_of(app, each) == "mail"]
        interceptor, app.fake_aws.interceptor = app.fake_aws.interceptor, refuse
        deliver(app.ctx, app.fake_aws.channels(), item_id)
        app.fake_aws.interceptor = interceptor
        return item_id

    def act(app: App, item_id: str) -> None:
        with suppress(Conflict):  # delivered by the attempt before
            retry(app.ctx, item_id)
        app.clock.advance(seconds=LEASE.total_seconds())
        deliver(app.ctx, app.fake_aws.channels(), item_id)

    def check(app: App, item_id: str, _: Any) -> None:
        assert item_id not in app.waiting()
        assert 1 <= len(app.fake_aws.mails) <= 2

    assert sweep(parked, act, check) == 8


def refuse(operation: str, _: Any) -> Any:
    raise client_error(operation, "BadRequestException")


def throttle(operation: str, _: Any) -> Any:
    raise client_error(operation, "TooManyRequestsException")


def in_lane(app: App, lane: Lane, ids: list[str]) -> list[str]:
    return [each for each in ids if lane_of(read_outbox_item(stored_item(app, each))) == lane]


def kind_of(app: App, item_id: str) -> str:
    return next(str(item["kind"]) for item in app.stored("core") if item.get("id") == item_id)


def test_an_address_that_bounced(sweep: Sweep) -> None:
    def act(app: App, _: Any) -> int:
        return suppress_addresses(app.ctx, ["a@example.com", "b@example.com"], reason="bounce")

    def check(app: App, _: Any, count: int) -> None:
        assert count == 2
        assert len([item for item in app.stored("core") if item["sk"] == "SUPPRESSED"]) == 2

    assert sweep(lambda _: None, act, check) == 2
