"""A crash at any external call of any service loses nothing, doubles nothing, and leaves nothing half-done."""

from typing import Any

from tallybook.domain.errors import Conflict
from tallybook.services.accounts.sign_up import register
from tallybook.services.billing.current_bill import read_current_bill
from tallybook.services.identity.authenticate import authenticate
from tallybook.services.identity.platform_keys import create_platform_key, list_platform_keys
from tallybook.services.identity.sign_in import login
from tallybook.services.wallet.credits import Move, give_credits
from tests.simulation.conftest import Sweep
from tests.support.app import HERE, PASSWORD, App
from tests.support.platform_usage import keys_of_markers, send_usage


def test_ingest(sweep: Sweep) -> None:
    def prepare(app: App) -> Any:
        member = app.member()
        app.clock.advance(days=31)  # its period has to be opened too
        events = [app.event(member, quantity=1_000, user_id=member.user_id) for _ in range(150)]
        return member, [*events, app.event(member, meter="credits", quantity=7)]

    def act(app: App, prepared: Any) -> Any:
        return app.record(*prepared[1])

    def check(app: App, prepared: Any, answer: Any) -> None:
        assert {result.status for result in answer} <= {"accepted", "duplicate"}
        assert read_current_bill(app.ctx, prepared[0].account).bill.cost == 2_100_000
        assert app.account_of(prepared[0]).wallet.balance == 999_993

    assert sweep(prepare, act, check) == 6


def test_usage_of_a_host_with_a_key_of_its_own(sweep: Sweep) -> None:
    def prepare(app: App) -> Any:
        member = app.member()
        key = create_platform_key(app.ctx, name="host 1", scopes=["usage:write"], source_prefix="host-1/")
        sources = ("host-1/disk", "host-1/", "host-2/")
        return member, key, [app.event(member, quantity=1_000, source=source) for source in sources]

    def act(app: App, prepared: Any) -> list[str]:
        return send_usage(app.ctx, prepared[1].text, prepared[2])

    def check(app: App, prepared: Any, answer: list[str]) -> None:
        assert answer in (["accepted", "accepted", "rejected"], ["duplicate", "duplicate", "rejected"])
        assert keys_of_markers(app) == [prepared[1].key.id] * 2
        assert list_platform_keys(app.ctx)[0].last_used_at == app.clock.now()

    assert sweep(prepare, act, check) == 5


def test_registration(sweep: Sweep) -> None:
    def act(app: App, _: Any) -> Any:
        try:
            return register(app.ctx, email="ada@example.com", password=PASSWORD, address=HERE)
        except Conflict:
            return login(app.ctx, email="ada@example.com", password=PASSWORD, address=HERE)

    def check(app: App, _: Any, answer: Any) -> None:
        assert authenticate(app.ctx, answer.text).account.wallet.balance == 1_000_000
        assert len([item for item in app.stored("core") if item["sk"] == "ACCOUNT"]) == 1

    assert sweep(lambda _: None, act, check) == 3


def test_credits(sweep: Sweep) -> None:
    def act(app: App, prepared: Any) -> Any:
        member, key = prepared
        move = Move(account_id=member.account.id, amount=500, kind="grant", reference="order 7")
        return give_credits(app.ctx, key, move)

    def check(app: App, prepared: Any, answer: Any) -> None:
        assert answer.balance_after == app.account_of(prepared[0]).wallet.balance == 1_000_500

    assert sweep(lambda app: (app.member(), app.platform()), act, check) == 2
