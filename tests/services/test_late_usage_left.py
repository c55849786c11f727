"""Late usage of more closed periods than one invoice has room for stands on the next ones, each once."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import pytest

from tallybook.domain.audit import OPERATOR
from tallybook.domain.cycle import GRACE
from tallybook.domain.invoices import Invoice
from tallybook.services import bill_period
from tallybook.services.authenticate import authenticate
from tallybook.services.change_plan import change_plan
from tallybook.services.draft_invoice import draft_invoice
from tests.support.house import House, Member
from tests.support.invariants import check_invariants

DOLLAR = 1_000_000


def changed_often(house: House, member: Member, times: int) -> list[datetime]:
    """So many plan changes, two hours apart; an instant within each period that they ended."""
    inside: list[datetime] = []
    for number in range(times):
        house.clock.advance(hours=1)
        inside.append(house.clock.now())
        house.clock.advance(hours=1)
        change_plan(house.ctx, member.account.id, ["pro", "hobby"][number % 2], actor=OPERATOR)
    return inside


def use_late(house: House, member: Member, instants: list[datetime]) -> None:
    """7.00 more of each period."""
    results = house.record(*[house.event(member, quantity=500_000, time=instant) for instant in instants])
    assert {result.status for result in results} == {"accepted"}


def close(house: House, member: Member) -> Invoice:
    house.clock.moment = house.account_of(member).cycle.period.end + GRACE
    (issued,) = [one for one in house.invoice_due() if one.status != "overdue"]
    check_invariants(house)
    return issued


def late_starts(invoice: Invoice) -> list[datetime]:
    return [line.period_start for line in invoice.lines if line.period_start is not None]


@pytest.fixture
def member(house: House) -> Member:
    house.apply_catalog(welcome_credit=0)
    return house.member()


def test_what_one_invoice_has_no_room_for_stands_on_the_next(
    house: House, member: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bill_period, "MOST_LATE", 3)
    inside = changed_often(house, member, 7)
    use_late(house, member, inside)
    check_invariants(house)
    issued = [close(house, member) for _ in range(4)]
    starts = [late_starts(one) for one in issued]
    assert [len(some) for some in starts] == [3, 3, 1, 0]
    assert [start for some in starts for start in some] == sorted({start for some in starts for start in some})
    assert sum(one.sum_of("late_usage") for one in issued) == 7 * 7 * DOLLAR


def test_what_is_left_meets_a_next_period_that_was_opened_already_and_more_late_usage(
    house: House, member: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bill_period, "MOST_LATE", 3)
    inside = changed_often(house, member, 5)
    use_late(house, member, inside)
    house.clock.moment = house.account_of(member).cycle.period.end
    house.record(house.event(member, quantity=1_000_000))
    first = close(house, member)
    use_late(house, member, inside[3:] + inside[:1])
    check_invariants(house)
    second, third = close(house, member), close(house, member)
    assert [len(late_starts(one)) for one in (first, second, third)] == [3, 3, 0]
    assert first.sum_of("late_usage") == 3 * 7 * DOLLAR
    # the fourth and the fifth period twice, and the first once more
    assert second.sum_of("late_usage") == 5 * 7 * DOLLAR
    assert second.sum_of("usage") == 14 * DOLLAR


def test_what_is_left_goes_on_over_a_plan_change(house: House, member: Member, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bill_period, "MOST_LATE", 3)
    inside = changed_often(house, member, 5)
    use_late(house, member, inside)
    house.clock.advance(hours=1)
    changed = change_plan(house.ctx, member.account.id, "hobby", actor=OPERATOR)
    check_invariants(house)
    assert [len(late_starts(one)) for one in (changed.invoice, close(house, member))] == [3, 2]


@contextmanager
def actions_counted(client: Any) -> Iterator[list[int]]:
    """How many actions each transaction has."""
    counts: list[int] = []

    def count(params: dict[str, Any], **_: Any) -> None:
        counts.append(len(params["TransactItems"]))

    event = "provide-client-params.dynamodb.TransactWriteItems"
    client.meta.events.register(event, count)
    try:
        yield counts
    finally:
        client.meta.events.unregister(event, count)


@pytest.mark.parametrize("drafted", [False, True])
def test_the_largest_closing_fits_a_transaction(house: House, drafted: bool) -> None:
    """Of a period in eight shards, paid by the balance, ended by a plan change; DynamoDB takes 100 actions."""
    house.apply_catalog(welcome_credit=10_000 * DOLLAR)
    member = house.member()
    inside = changed_often(house, member, 45)
    house.reshape(usage_shards=8)
    change_plan_soon(house, member, "scale")
    use_late(house, member, inside)
    house.record(house.event(member, quantity=1_000_000))
    if drafted:
        draft_invoice(house.ctx, authenticate(house.ctx, member.api_key))
    with actions_counted(house.client) as counts:
        changed = change_plan_soon(house, member, "hobby")
    assert len(late_starts(changed)) == bill_period.MOST_LATE == 40
    assert bill_period.MOST_LATE < max(counts) <= 100
    assert len(late_starts(close(house, member))) == 5


def change_plan_soon(house: House, member: Member, plan: str) -> Invoice:
    house.clock.advance(hours=1)
    return change_plan(house.ctx, member.account.id, plan, actor=OPERATOR).invoice
