"""Concurrent ingest, credits, registration and sessions, with a fifth of all writes conflicting."""

import random
from decimal import Decimal
from typing import Any

from tallybook.domain.errors import Conflict
from tallybook.services.accounts.sign_up import register
from tallybook.services.billing.current_bill import read_current_bill
from tallybook.services.identity.sign_in import SignedIn
from tallybook.services.metering.sessions import end_session, start_session
from tallybook.services.wallet.credits import Move, give_credits
from tests.support.app import HERE, PASSWORD, App
from tests.support.invariants import check_invariants
from tests.support.race import deal_out, race
from tests.support.sessions import session_request


def test_1000_events_of_8_clients_a_third_sent_twice_count_once(crowded_app: App) -> None:
    app, member = crowded_app, crowded_app.member()
    events = [app.event(member, quantity=str(Decimal(index) / 1000)) for index in range(1, 1001)]
    sent = events + events[::3]
    random.Random(3).shuffle(sent)

    def client(events_of_client: list[dict[str, Any]]) -> list[str]:
        results = [app.record(*events_of_client[start : start + 50]) for start in range(0, len(events_of_client), 50)]
        return [result.status for part in results for result in part]

    statuses = [status for answers in race(*[lambda s=s: client(s) for s in deal_out(sent, 8)]) for status in answers]
    assert statuses.count("accepted") == 1000
    assert statuses.count("duplicate") == 334
    check_invariants(app)
    # 0.001 + … + 1.000 = 500.5 CPU seconds at 0.000014 are 0.007007, which rounds to 0.01
    assert read_current_bill(app.ctx, member.account).bill.cost == 10_000


def test_wallet_usage_and_grants_at_once_leave_a_ledger_that_adds_up(crowded_app: App) -> None:
    app, member, key = crowded_app, crowded_app.member(), crowded_app.platform()
    events = [app.event(member, meter="credits", quantity=1000) for _ in range(40)]

    def grant(index: int) -> Any:
        move = Move(account_id=member.account.id, amount=100, kind="grant", reference=f"order {index % 4}")
        return give_credits(app.ctx, key, move)

    answers = race(
        *[lambda s=s: app.record(*s) for s in deal_out(events, 4)], *[lambda i=i: grant(i) for i in range(8)]
    )
    assert not [answer for answer in answers if isinstance(answer, Exception)]
    assert app.account_of(member).wallet.balance == 1_000_000 - 40_000 + 400
    check_invariants(app)


def test_an_address_registered_by_many_belongs_to_one(crowded_app: App) -> None:
    app = crowded_app
    answers = race(*[lambda: register(app.ctx, email="ada@example.com", password=PASSWORD, address=HERE)] * 6)
    assert sum(isinstance(answer, SignedIn) for answer in answers) == 1
    assert [answer.code for answer in answers if isinstance(answer, Conflict)] == ["email_exists"] * 5
    check_invariants(app)


def test_one_session_id_started_and_ended_by_many_is_one_session(crowded_app: App) -> None:
    app, member, key = crowded_app, crowded_app.member(), crowded_app.platform()
    started = race(*[lambda: start_session(app.ctx, key, session_request(member, "mine-1"))] * 6)
    assert {answer.started_at for answer in started} == {app.clock.now()}
    assert app.account_of(member).counts.running_count == 1
    ended = race(*[lambda: end_session(app.ctx, key, "mine-1")] * 6)
    assert {answer.ended_at for answer in ended} == {app.clock.now()}
    bill = read_current_bill(app.ctx, app.account_of(member))
    assert (bill.active_sessions, bill.completed_sessions) == (0, 1)
    check_invariants(app)


def test_a_period_opened_by_many_at_once_is_opened_once(crowded_app: App) -> None:
    app, member = crowded_app, crowded_app.member()
    app.clock.advance(days=31)
    events = [app.event(member, quantity=1) for _ in range(8)]
    answers = race(*[lambda e=e: app.record(e) for e in events])
    assert [answer[0].status for answer in answers] == ["accepted"] * 8
    check_invariants(app)
