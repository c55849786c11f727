"""Money that comes while invoices are issued, voided, reissued or marked overdue pays each of them once."""

from collections.abc import Callable
from typing import Any

import pytest

from tallybook.domain.closing_cursor import GRACE
from tallybook.domain.wallet import Entry
from tallybook.services.billing.close_period import close_due
from tallybook.services.billing.mark_overdue import mark_overdue
from tallybook.services.billing.void_invoice import reissue_invoice, void_invoice
from tallybook.services.wallet.credits import Move, give_credits
from tests.simulation.invoicing_races import failures, invoices
from tests.support.app import App, Member
from tests.support.invariants import check_invariants
from tests.support.race import race

DOLLAR = 1_000_000


@pytest.fixture
def member(crowded_app: App) -> Member:
    """A member on a plan of 20.00 a month with two unpaid invoices and no balance; the third period may be closed."""
    app = crowded_app
    app.apply_catalog(free_plan="pro", welcome_credit=0)
    member = app.member()
    for _ in range(2):
        end_period(app, member)
        close_due(app.ctx, member.account.id)
    end_period(app, member)
    assert [one.status for one in invoices(app, member)] == ["open", "open"]
    return member


def end_period(app: App, member: Member) -> None:
    app.clock.moment = app.account_of(member).closing_cursor.period.end + GRACE


def grants(app: App, member: Member, *amounts: int) -> list[Callable[[], Entry]]:
    """One call for each grant."""
    key = app.platform()

    def grant(number: int, amount: int) -> Entry:
        return give_credits(app.ctx, key, Move(member.account.id, amount, "grant", f"order {number}"))

    return [lambda n=n, a=a: grant(n, a) for n, a in enumerate(amounts)]


def paid(app: App, member: Member) -> list[int]:
    """What the balance paid of each invoice, oldest first."""
    check_invariants(app)
    return [one.paid_by_balance for one in invoices(app, member)]


def test_grants_at_once_pay_the_oldest_invoice_first(crowded_app: App, member: Member) -> None:
    answers = race(*grants(crowded_app, member, *[7 * DOLLAR] * 5))
    assert not failures(answers)
    assert paid(crowded_app, member) == [20 * DOLLAR, 15 * DOLLAR]
    assert crowded_app.account_of(member).wallet.balance == 0


def test_a_grant_sent_by_many_pays_once(crowded_app: App, member: Member) -> None:
    (grant,) = grants(crowded_app, member, 30 * DOLLAR)
    assert not failures(race(*[grant] * 6))
    assert paid(crowded_app, member) == [20 * DOLLAR, 10 * DOLLAR]


def test_grants_while_an_invoice_is_voided_and_reissued_pay_what_is_owed(crowded_app: App, member: Member) -> None:
    app, first = crowded_app, invoices(crowded_app, member)[0]

    def replace_first() -> Any:
        void_invoice(app.ctx, first.id, reason="as asked")
        return reissue_invoice(app.ctx, first.id)

    answers = race(*grants(app, member, *[6 * DOLLAR] * 3), *[replace_first] * 2)
    assert not failures(answers)
    amounts = paid(app, member)
    assert sum(amounts) == 18 * DOLLAR
    assert amounts[0] == 0


def test_grants_while_invoices_are_marked_overdue_leave_none_unpaid(crowded_app: App, member: Member) -> None:
    app = crowded_app
    marks = [lambda p=p: mark_overdue(app.ctx, member.account.id, p) for p in (1, 2, 1, 2)]
    answers = race(*grants(app, member, *[10 * DOLLAR] * 4), *marks)
    assert not failures(answers)
    assert paid(app, member) == [20 * DOLLAR] * 2
    assert app.account_of(member).counts.overdue_count == 0


def test_grants_while_a_period_closes_pay_old_and_new_invoices(crowded_app: App, member: Member) -> None:
    app = crowded_app
    answers = race(*grants(app, member, *[11 * DOLLAR] * 5), *[lambda: close_due(app.ctx, member.account.id)] * 2)
    assert not failures(answers)
    assert paid(app, member) == [20 * DOLLAR, 20 * DOLLAR, 15 * DOLLAR]


def test_small_invoices_marked_overdue_at_once_get_one_reminder(crowded_app: App) -> None:
    app = crowded_app
    app.apply_catalog(welcome_credit=0)
    member = app.member()
    for _ in range(2):
        app.record(app.event(member, quantity=30_000))
        end_period(app, member)
        close_due(app.ctx, member.account.id)
    app.clock.advance(days=8)
    answers = race(*[lambda p=p: mark_overdue(app.ctx, member.account.id, p) for p in (1, 2, 1, 2)])
    assert not failures(answers)
    assert sum(len(answer) for answer in answers) == 2
    bodies = [item["body"] for item in app.stored("core", "OUTBOX")]
    reminders = [body for body in bodies if body.get("letter") == "invoice_overdue"]
    assert [(int(one["invoice"]), list(map(int, one["others"]))) for one in reminders] == [(1, [2])]
    check_invariants(app)
