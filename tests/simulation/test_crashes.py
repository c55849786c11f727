"""A crash at any external call of any service loses nothing, doubles nothing, and leaves nothing half-done."""

from typing import Any

from tallybook.domain.errors import Conflict
from tallybook.services.accounts.sign_up import register
from tallybook.services.billing.current_bill import read_current_bill
from tallybook.services.identity.authenticate import authenticate
from tallybook.services.identity.sign_in import login
from tallybook.services.wallet.credits import Move, give_credits
from tests.simulation.conftest import Sweep
from tests.support.house import HERE, PASSWORD, House


def test_ingest(sweep: Sweep) -> None:
    def prepare(house: House) -> Any:
        member = house.member()
        house.clock.advance(days=31)  # its period has to be opened too
        events = [house.event(member, quantity=1_000, user_id=member.user_id) for _ in range(150)]
        return member, [*events, house.event(member, meter="credits", quantity=7)]

    def act(house: House, prepared: Any) -> Any:
        return house.record(*prepared[1])

    def check(house: House, prepared: Any, answer: Any) -> None:
        assert {result.status for result in answer} <= {"accepted", "duplicate"}
        assert read_current_bill(house.ctx, prepared[0].account).bill.cost == 2_100_000
        assert house.account_of(prepared[0]).balance == 999_993

    assert sweep(prepare, act, check) == 6


def test_registration(sweep: Sweep) -> None:
    def act(house: House, _: Any) -> Any:
        try:
            return register(house.ctx, email="ada@example.com", password=PASSWORD, address=HERE)
        except Conflict:
            return login(house.ctx, email="ada@example.com", password=PASSWORD, address=HERE)

    def check(house: House, _: Any, answer: Any) -> None:
        assert authenticate(house.ctx, answer.text).account.balance == 1_000_000
        assert len([item for item in house.stored("core") if item["sk"] == "ACCOUNT"]) == 1

    assert sweep(lambda _: None, act, check) == 3


def test_credits(sweep: Sweep) -> None:
    def act(house: House, prepared: Any) -> Any:
        member, key = prepared
        move = Move(account_id=member.account.id, amount=500, kind="grant", reference="order 7")
        return give_credits(house.ctx, key, move)

    def check(house: House, prepared: Any, answer: Any) -> None:
        assert answer.balance_after == house.account_of(prepared[0]).balance == 1_000_500

    assert sweep(lambda house: (house.member(), house.platform()), act, check) == 2
