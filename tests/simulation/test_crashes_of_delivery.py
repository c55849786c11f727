"""A crash at any external call of a delivery or a sweep loses nothing, and doubles only what SES alone knows of."""

from contextlib import suppress
from typing import Any

from tallybook.domain.errors import Conflict
from tallybook.domain.outbox import LEASE
from tallybook.services.identity.api_keys import create_api_key
from tallybook.services.identity.authenticate import authenticate
from tallybook.services.identity.change_password import ask_for_reset, set_password
from tallybook.services.outbox.deliver import deliver, retry, sweep
from tallybook.services.outbox.suppressions import suppress_addresses
from tests.simulation.conftest import Sweep
from tests.support.faults import client_error
from tests.support.house import HERE, PASSWORD, House

FOREVER = 1e9


def prepare(house: House) -> list[str]:
    """A mail with a link to set a password, and an event, wait."""
    member = house.member("ada@example.com")
    house.deliver()
    ask_for_reset(house.ctx, email="ada@example.com", address=HERE)
    create_api_key(house.ctx, authenticate(house.ctx, member.session), name="ci")
    return house.waiting()


def everything_left_once(house: House, ids: list[str], _: Any) -> None:
    assert house.waiting() == []
    mails = [mail for mail in house.world.mails if mail.item in ids]
    told = [detail["id"] for detail in house.world.named("ApiKeyCreated")][1:]
    assert len(set(told)) == 1
    assert 1 <= len(mails) <= 2
    assert len(mails) + len(told) <= 3, "only what the crash cut off from its marker went twice"
    set_password(house.ctx, token=mails[-1].token, password=PASSWORD, address=HERE)


def test_a_sweep(sweep: Sweep) -> None:
    def act(house: House, _: Any) -> Any:
        house.clock.advance(seconds=LEASE.total_seconds())
        return sweep_all(house)

    assert sweep(prepare, act, everything_left_once) == 16


def sweep_all(house: House) -> Any:
    return sweep(house.ctx, house.world.ways_out(), deadline=FOREVER)


def test_a_stream_that_tells_everything_twice(sweep: Sweep) -> None:
    def act(house: House, ids: list[str]) -> None:
        house.clock.advance(seconds=LEASE.total_seconds())
        for item_id in [*ids, *ids]:
            deliver(house.ctx, house.world.ways_out(), item_id)

    assert sweep(prepare, act, everything_left_once) == 14


def test_a_parked_item_that_the_operator_tries_again(sweep: Sweep) -> None:
    def parked(house: House) -> str:
        house.member("ada@example.com")
        (item_id,) = [each for each in house.waiting() if kind_of(house, each) == "mail"]
        port, house.world.port = house.world.port, refuse
        deliver(house.ctx, house.world.ways_out(), item_id)
        house.world.port = port
        return item_id

    def act(house: House, item_id: str) -> None:
        with suppress(Conflict):  # delivered by the try before
            retry(house.ctx, item_id)
        house.clock.advance(seconds=LEASE.total_seconds())
        deliver(house.ctx, house.world.ways_out(), item_id)

    def check(house: House, item_id: str, _: Any) -> None:
        assert item_id not in house.waiting()
        assert 1 <= len(house.world.mails) <= 2

    assert sweep(parked, act, check) == 7


def refuse(operation: str, _: Any) -> Any:
    raise client_error(operation, "BadRequestException")


def kind_of(house: House, item_id: str) -> str:
    return next(str(item["kind"]) for item in house.stored("core") if item.get("id") == item_id)


def test_an_address_that_bounced(sweep: Sweep) -> None:
    def act(house: House, _: Any) -> int:
        return suppress_addresses(house.ctx, ["a@example.com", "b@example.com"], reason="bounce")

    def check(house: House, _: Any, count: int) -> None:
        assert count == 2
        assert len([item for item in house.stored("core") if item["sk"] == "SUPPRESSED"]) == 2

    assert sweep(lambda _: None, act, check) == 2
