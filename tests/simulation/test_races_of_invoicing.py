"""Concurrent closings, drafts, payments, plan changes and corrections of invoices; a fifth of the writes conflict."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from threading import Event
from typing import Any

import pytest

from tallybook.domain.audit import OPERATOR
from tallybook.domain.closing_cursor import GRACE
from tallybook.domain.errors import Conflict, Invalid
from tallybook.domain.invoices import Invoice
from tallybook.domain.times import stamp
from tallybook.services.accounts.suspension import set_account_status
from tallybook.services.billing.close_period import close_due
from tallybook.services.billing.draft_invoice import draft_invoice
from tallybook.services.billing.mark_overdue import mark_overdue
from tallybook.services.billing.void_invoice import reissue_invoice, void_invoice
from tallybook.services.context import Context
from tallybook.services.identity.authenticate import authenticate
from tallybook.services.subscriptions.change_plan import ChangedPlan, change_plan
from tallybook.services.wallet.credits import Move, give_credits
from tests.simulation.invoicing_races import failures, invoices
from tests.support.app import App, Member
from tests.support.clock import StillClock
from tests.support.invariants import check_invariants, check_schedule
from tests.support.race import deal_out, race


@pytest.fixture
def member(crowded_app: App) -> Member:
    """A member on a plan of 20.00 a month, with a balance of 1.00, 14.00 of usage, and a period due to be closed."""
    crowded_app.apply_catalog(free_plan="pro")
    member = crowded_app.member()
    crowded_app.record(crowded_app.event(member, quantity=1_000_000))
    crowded_app.clock.moment = member.account.closing_cursor.period.end + GRACE
    return member


def close(app: App, member: Member) -> Callable[[], list[Invoice]]:
    return lambda: close_due(app.ctx, member.account.id)


class SlowStart(StillClock):
    """A clock whose first reading is in the last second before `end`, and whose later ones are the real time."""

    def __init__(self, end: datetime, now: datetime) -> None:
        super().__init__(end - timedelta(seconds=1))
        self._later = now

    def now(self) -> datetime:
        first, self.moment = self.moment, self._later
        return first


def before_the_end(app: App, member: Member) -> Context:
    """A context of a slow process that started in the period's last second."""
    return replace(app.ctx, clock=SlowStart(member.account.closing_cursor.period.end, app.clock.now()))


def test_each_last_second_event_is_on_this_invoice_or_late_on_the_next(crowded_app: App, member: Member) -> None:
    app, last = crowded_app, member.account.closing_cursor.period.end - timedelta(seconds=1)
    events = [app.event(member, quantity=1_000, time=last) for _ in range(120)]
    over = Event()

    def close_and_tell() -> list[Invoice]:
        issued = close(app, member)()
        over.set()
        return issued

    def client(requests: list[dict[str, Any]]) -> list[str]:
        """Send small requests, each until it is accepted; the last one after the closing."""
        statuses: list[str] = []
        for start in range(0, len(requests), 3):
            if start == len(requests) - 3:
                assert over.wait(timeout=30)
            left = requests[start : start + 3]
            while left:
                results = app.record(*left)
                again = {result.id for result in results if result.reason == "retry"}
                statuses += [result.status for result in results if result.id not in again]
                left = [event for event in left if event["id"] in again]
        return statuses

    clients = [lambda s=s: client(s) for s in deal_out(events, 5)]
    *answers, closed = race(*clients, close_and_tell)
    assert [status for answer in answers for status in answer] == ["accepted"] * 120
    assert len(closed) == 1
    check_invariants(app)
    check_schedule(app)
    app.clock.moment = app.account_of(member).closing_cursor.period.end + GRACE
    close(app, member)()
    first, second = invoices(app, member)
    # 1,120,000 CPU seconds at 0.000014 are 15.68, whenever the period was closed
    assert first.sum_of("usage") + second.sum_of("late_usage") == 15_680_000
    assert second.sum_of("late_usage") >= 210_000
    assert second.sum_of("usage") == 0
    check_invariants(app)


def test_of_eight_concurrent_closings_one_takes_effect(crowded_app: App, member: Member) -> None:
    answers = race(*[close(crowded_app, member)] * 8)
    assert not failures(answers)
    (issued,) = [invoice for answer in answers for invoice in answer]
    assert invoices(crowded_app, member) == [issued]
    assert (issued.number, issued.total, issued.paid_by_balance) == (1, 34_000_000, 1_000_000)
    check_invariants(crowded_app)


def test_missed_months_closed_by_many_are_closed_once_each_in_order(crowded_app: App, member: Member) -> None:
    crowded_app.clock.advance(days=70)
    answers = race(*[close(crowded_app, member)] * 6)
    assert not failures(answers)
    issued = sorted((one for answer in answers for one in answer), key=lambda invoice: invoice.number or 0)
    assert [invoice.number for invoice in issued] == [1, 2, 3]
    assert invoices(crowded_app, member) == issued
    check_invariants(crowded_app)


def test_drafts_between_two_closings_leave_one_invoice(crowded_app: App, member: Member) -> None:
    app, principal = crowded_app, authenticate(crowded_app.ctx, member.api_key)
    slow = [before_the_end(app, member) for _ in range(3)]
    *drafted, closed = race(
        *[lambda c=c: draft_invoice(c, principal) for c in [*slow, *[app.ctx] * 3]], close(app, member)
    )
    assert not failures(drafted)
    assert len(closed) == 1
    assert sorted(invoice.status for invoice in invoices(app, member)) == ["draft", "open"]
    check_invariants(app)


def test_the_wallet_moves_while_it_pays(crowded_app: App, member: Member) -> None:
    """Usage of 0.30, and 30.00 in three grants, each sent twice."""
    app, key = crowded_app, crowded_app.platform()
    events = [app.event(member, meter="credits", quantity=10_000) for _ in range(30)]

    def grant(number: int) -> Any:
        return give_credits(app.ctx, key, Move(member.account.id, 10_000_000, "grant", f"order {number % 3}"))

    answers = race(
        *[lambda s=s: app.record(*s) for s in deal_out(events, 3)],
        *[lambda n=n: grant(n) for n in range(6)],
        close(app, member),
    )
    assert not failures(answers)
    (issued,) = invoices(app, member)
    assert app.account_of(member).wallet.balance == 1_000_000 + 30_000_000 - 300_000 - issued.paid_by_balance
    check_invariants(app)


def test_suspending_and_resuming_while_a_period_closes(crowded_app: App, member: Member) -> None:
    app = crowded_app

    def set_status(status: Any) -> Any:
        return set_account_status(app.ctx, member.account.id, status, reason="as drawn", actor=OPERATOR)

    answers = race(
        *[lambda s=s: set_status(s) for s in ("suspended", "active", "suspended")], *[close(app, member)] * 3
    )
    assert not failures(answers)
    (issued,) = invoices(app, member)
    assert issued.total == 34_000_000
    check_invariants(app)


def test_a_plan_changed_while_its_period_closes_follows_the_closing(crowded_app: App, member: Member) -> None:
    """In any order, the ended period is invoiced at its own end, and the 30 minutes after it separately."""
    app = crowded_app
    events = [app.event(member, quantity=1_000, time=app.clock.now()) for _ in range(20)]
    *_, first, second, third = race(
        *[lambda s=s: app.record(*s) for s in deal_out(events, 2)],
        close(app, member),
        lambda: change_plan(app.ctx, app.account_of(member), "scale", actor=OPERATOR, must_pay=False),
        lambda: change_plan(app.ctx, app.account_of(member), "hobby", actor=OPERATOR, must_pay=False),
    )
    assert not isinstance(first, Exception)
    changed = [answer for answer in (second, third) if isinstance(answer, ChangedPlan)]
    refused = failures([second, third])
    assert (len(changed), len(refused)) == (1, 1)
    assert isinstance(refused[0], Conflict)
    assert refused[0].code == "plan_change_in_progress"
    ended, cut = invoices(app, member)
    period = member.account.closing_cursor.period
    assert (ended.period, ended.total) == (period, 34_000_000)
    assert (cut.period.start, cut.period.end) == (period.end, period.end + GRACE)
    assert cut == changed[0].invoice
    account = app.account_of(member)
    assert (account.schedule.since, account.closing_cursor.period.start) == (period.end + GRACE, period.end + GRACE)
    check_invariants(app)
    assert {result.status for result in app.record(*events)} <= {"accepted", "duplicate"}
    app.clock.advance(days=40)
    close(app, member)()
    used = sum(invoice.sum_of("usage", "late_usage") for invoice in invoices(app, member))
    after = sum(item.get("period") == stamp(period.end + GRACE) for item in app.stored("usage", "EVENT"))
    cheaper = changed[0].account.plan == "scale"  # an event at the instant of the change may count for either plan
    assert used == 14_000_000 + cents(20 - after, "0.014") + cents(after, "0.012" if cheaper else "0.014")
    check_invariants(app)


def cents(events: int, price: str) -> int:
    """The cost in cents of this many events in one period, rounded once."""
    return int((events * Decimal(price)).quantize(Decimal("0.01"), rounding=ROUND_HALF_UP) * 1_000_000)


def test_a_plan_changed_by_many_at_once_is_changed_once(crowded_app: App, member: Member) -> None:
    account = crowded_app.account_of(member)
    answers = race(*[lambda: change_plan(crowded_app.ctx, account, "scale", actor=OPERATOR, must_pay=False)] * 5)
    assert sum(isinstance(answer, ChangedPlan) for answer in answers) == 1
    refused = failures(answers)
    assert {type(error) for error in refused} <= {Conflict, Invalid}
    assert len(refused) == 4
    check_invariants(crowded_app)


def test_an_invoice_voided_by_many_while_marked_overdue_is_voided_once(crowded_app: App, member: Member) -> None:
    app = crowded_app
    (issued,) = close(app, member)()
    app.clock.advance(days=8)
    answers = race(
        *[lambda: void_invoice(app.ctx, issued.id, reason="as asked")] * 4,
        *[lambda: mark_overdue(app.ctx, member.account.id, 1)] * 3,
    )
    assert not failures(answers)
    assert {answer.status for answer in answers[:4]} == {"void"}
    assert app.account_of(member).wallet.balance == 1_000_000
    assert [invoice.status for invoice in invoices(app, member)] == ["void"]
    actions = [item["action"] for item in app.stored("core") if item["sk"].startswith("AUDIT#")]
    assert actions.count("invoice.voided") == 1
    assert actions.count("invoice.overdue") <= 1
    check_invariants(app)


def test_a_void_invoice_reissued_by_many_during_a_closing_is_one(crowded_app: App, member: Member) -> None:
    app = crowded_app
    (issued,) = close(app, member)()
    void_invoice(app.ctx, issued.id, reason="as asked")
    app.clock.moment = app.account_of(member).closing_cursor.period.end + GRACE
    answers = race(*[lambda: reissue_invoice(app.ctx, issued.id)] * 5, *[close(app, member)] * 2)
    assert not failures(answers)
    assert len({answer.id for answer in answers[:5]}) == 1
    numbers = [(invoice.number, invoice.revision, invoice.status) for invoice in invoices(app, member)]
    assert sorted(revision for _, revision, _ in numbers) == [1, 1, 2]
    assert [number for number, *_ in numbers] == [1, 2, 3]
    check_invariants(app)
