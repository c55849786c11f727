"""A crash at any external call of a change of an account's email: asked for, delivered, confirmed twice, cleared."""

from contextlib import suppress
from typing import Any

import pytest

from tallybook.domain.credentials import Principal
from tallybook.domain.email_change import EmailChange
from tallybook.domain.errors import Invalid, TooManyRequests
from tallybook.domain.outbox import LEASE
from tallybook.services.accounts.email_change import clear_email_change, last_email_change, request_email_change
from tallybook.services.accounts.email_confirmation import confirm_email_change
from tallybook.services.identity.authenticate import authenticate, reread
from tallybook.services.identity.sign_in import login
from tests.simulation.conftest import Sweep
from tests.support.house import HERE, PASSWORD, House

OLD, NEW = "root@example.com", "moved@example.com"


def root(house: House) -> Principal:
    principal = authenticate(house.ctx, house.member(OLD).session, address=HERE)
    house.deliver()
    return principal


def requested(house: House) -> Principal:
    principal = root(house)
    request_email_change(house.ctx, reread(house.ctx, principal), current=OLD, new=NEW)
    return principal


def delivered(house: House) -> tuple[Principal, str, str]:
    principal = requested(house)
    house.deliver()
    return principal, house.world.to(OLD)[-1].token, house.world.to(NEW)[-1].token


def half_confirmed(house: House) -> tuple[Principal, str, str]:
    prepared = delivered(house)
    confirm(house, prepared[1])
    return prepared


def confirm(house: House, token: str) -> EmailChange:
    return confirm_email_change(house.ctx, token=token, address=HERE)


def actions(house: House) -> list[str]:
    return [entry["action"].rpartition(".")[2] for entry in house.stored("core", "AUDIT#")]


def test_a_request(sweep: Sweep) -> None:
    def act(house: House, principal: Principal) -> None:
        with suppress(TooManyRequests):
            request_email_change(house.ctx, reread(house.ctx, principal), current=OLD, new=NEW)

    def check(house: House, principal: Principal, _: Any) -> None:
        assert actions(house).count("email_change_requested") == 1
        mails = len(house.world.mails)
        house.deliver()
        assert [mail.to for mail in house.world.mails[mails:]] in ([OLD, NEW], [NEW, OLD])
        confirm(house, house.world.to(NEW)[-1].token)
        assert confirm(house, house.world.to(OLD)[-1].token).state == "completed"

    assert sweep(root, act, check) == 4


def test_the_delivery_of_both_letters(sweep: Sweep) -> None:
    def act(house: House, _: Principal) -> None:
        house.clock.advance(seconds=LEASE.total_seconds())
        house.deliver()

    def check(house: House, _: Principal, __: Any) -> None:
        assert house.waiting() == []
        assert 3 <= len(house.world.to(OLD)) + len(house.world.to(NEW)) <= 4, "a welcome, two links, perhaps one again"
        confirm(house, house.world.to(NEW)[-1].token)
        assert confirm(house, house.world.to(OLD)[-1].token).state == "completed"

    assert sweep(requested, act, check) == 14


def test_the_first_confirmation(sweep: Sweep) -> None:
    def act(house: House, prepared: Any) -> EmailChange:
        return confirm(house, prepared[2])

    def check(house: House, prepared: Any, change: EmailChange) -> None:
        assert (change.state, change.unconfirmed) == ("pending", (OLD,))
        assert actions(house).count("email_change_confirmed") == 1
        assert confirm(house, prepared[1]).state == "completed"

    assert sweep(delivered, act, check) == 4


def test_the_second_confirmation_and_the_notices(sweep: Sweep) -> None:
    def act(house: House, prepared: Any) -> EmailChange:
        change = confirm(house, prepared[2])
        house.clock.advance(seconds=LEASE.total_seconds())
        house.deliver()
        return change

    def check(house: House, prepared: Any, change: EmailChange) -> None:
        assert change.state == "completed"
        assert house.waiting() == []
        assert actions(house).count("email_changed") == 1
        assert len({detail["id"] for detail in house.world.named("AccountEmailChanged")}) == 1
        for address, others in ((OLD, 2), (NEW, 1)):
            assert others + 1 <= len(house.world.to(address)) <= others + 2
        assert reread(house.ctx, prepared[0]).account.email == NEW
        assert login(house.ctx, email=NEW, password=PASSWORD, address=HERE)
        assert house.member(OLD), "the old address is free"

    assert sweep(half_confirmed, act, check) == 15


def test_a_clearing(sweep: Sweep) -> None:
    def act(house: House, prepared: Any) -> None:
        clear_email_change(house.ctx, reread(house.ctx, prepared[0]))

    def check(house: House, prepared: Any, _: Any) -> None:
        assert actions(house).count("email_change_cleared") == 1
        change = last_email_change(house.ctx, prepared[0])
        assert change is not None
        assert change.state == "cleared"
        for token in prepared[1:]:
            with pytest.raises(Invalid):
                confirm(house, token)

    assert sweep(half_confirmed, act, check) == 3
