"""Checks of a budget between whose calls something else happens: nothing is lost, nothing told twice."""

from datetime import timedelta

import pytest

from tallybook.domain.audit import OPERATOR
from tallybook.domain.jobs import USAGE_CHECK
from tallybook.domain.periods import period_of
from tallybook.services.budgets.check import check_budget
from tallybook.services.jobs.due_tasks import due_tasks
from tallybook.services.subscriptions.change_plan import change_plan
from tests.support.budgets import (
    actions,
    budget_of,
    drop,
    due,
    edit,
    end_of_period,
    look,
    messages,
    percents,
    set_up,
    spend,
    streamed,
)
from tests.support.house import House, Member
from tests.support.invariants import check_invariants
from tests.support.race import racing

TICK = timedelta(milliseconds=1)


@pytest.fixture
def owner(house: House) -> Member:
    return house.member("ada@example.com")


def test_usage_between_the_marks_reading_and_the_check_is_told_once(house: House, owner: Member) -> None:
    set_up(house, owner)
    spend(house, owner, 1)
    look(house, racing(house, "batch_get_item", lambda: spend(house, owner, 49)))
    assert percents(house, owner) == [50]
    assert due(house) == ["check"], "the mark is newer than what was read of it"
    assert (look(house), due(house)) == ([], [])
    check_invariants(house)


@pytest.mark.parametrize("call", [1, 2])
def test_usage_that_comes_after_the_check_has_read_is_left_to_the_next(house: House, owner: Member, call: int) -> None:
    set_up(house, owner)
    spend(house, owner, 50)
    ctx = racing(house, "transact_write_items" if call == 1 else "update_item", lambda: spend(house, owner, 30))
    look(house, ctx)
    check_invariants(house)
    assert due(house) == ["check"]
    look(house)
    assert percents(house, owner) == [50, 80]
    check_invariants(house)


def test_two_checks_at_once_tell_once(house: House, owner: Member) -> None:
    set_up(house, owner)
    spend(house, owner, 80)
    ctx = racing(house, "transact_write_items", lambda: streamed(house, owner))
    assert check_budget(ctx, owner.account.id) == 0
    assert percents(house, owner) == [50, 80]
    check_invariants(house)


def test_a_budget_that_changes_under_the_check_is_looked_at_anew(house: House, owner: Member) -> None:
    set_up(house, owner)
    spend(house, owner, 80)
    ctx = racing(house, "transact_write_items", lambda: edit(house, owner, amount=160))
    assert check_budget(ctx, owner.account.id) == 0
    assert [(one.threshold.percent, one.amount) for one in messages(house, owner)] == [
        (50, 100_000_000),
        (80, 100_000_000),
    ], "the edit told what stood before it"
    check_invariants(house)


def test_a_budget_that_is_deleted_under_the_check_is_told_by_its_deletion(house: House, owner: Member) -> None:
    set_up(house, owner)
    spend(house, owner, 50)
    ctx = racing(house, "transact_write_items", lambda: drop(house, owner))
    assert check_budget(ctx, owner.account.id) == 0
    assert actions(house, owner) == ["created", "threshold_reached", "deleted"]
    check_invariants(house)


def test_a_budget_in_place_of_another_is_not_written_over_by_a_check_of_the_first(house: House, owner: Member) -> None:
    set_up(house, owner)
    spend(house, owner, 50)

    def replaced() -> None:
        drop(house, owner)
        set_up(house, owner, amount=500)

    assert check_budget(racing(house, "transact_write_items", replaced), owner.account.id) == 0
    budget = budget_of(house, owner)
    assert budget is not None
    assert (budget.number, budget.amount) == (2, 500_000_000)
    assert percents(house, owner) == [50]
    check_invariants(house)


def test_a_check_that_has_nothing_to_tell_writes_over_no_change(house: House, owner: Member) -> None:
    set_up(house, owner)
    spend(house, owner, 50)
    look(house)
    house.clock.advance(days=31)
    spend(house, owner, 1)
    changing = racing(house, "put_item", lambda: edit(house, owner, amount=2))
    assert check_budget(changing, owner.account.id) == 0
    budget = budget_of(house, owner)
    assert budget is not None
    assert (budget.amount, percents(house, owner)) == (2_000_000, [50, 50])
    check_invariants(house)


def test_nor_over_a_budget_that_took_the_place_of_the_one_it_read(house: House, owner: Member) -> None:
    set_up(house, owner)
    spend(house, owner, 50)
    look(house)
    house.clock.advance(days=31)
    spend(house, owner, 1)
    first = budget_of(house, owner)

    def replaced() -> None:
        drop(house, owner)
        set_up(house, owner, amount=500)
        edit(house, owner, amount=600)

    assert check_budget(racing(house, "put_item", replaced), owner.account.id) == 0
    budget = budget_of(house, owner)
    assert first is not None
    assert budget is not None
    assert (budget.number, budget.amount, budget.version) == (2, 600_000_000, first.version)
    check_invariants(house)


def test_the_period_that_ends_under_the_check_is_told_by_the_next(house: House, owner: Member) -> None:
    set_up(house, owner)
    end = end_of_period(house, owner)
    house.clock.moment = end - TICK
    spend(house, owner, 50)

    def over() -> None:
        spend(house, owner, 30)
        house.clock.moment = end
        spend(house, owner, 50)

    look(house, racing(house, "transact_write_items", over))
    look(house)
    assert [(one.period.end == end, one.threshold.percent) for one in messages(house, owner)] == [
        (True, 50),
        (True, 80),
        (False, 50),
    ]
    assert list(due_tasks(house.ctx, USAGE_CHECK)) == []
    check_invariants(house)


def test_a_check_that_took_its_time_before_the_period_ended_tells_nothing_of_it_twice(
    house: House, owner: Member
) -> None:
    set_up(house, owner)
    end = end_of_period(house, owner)
    house.clock.moment = end - timedelta(minutes=1)
    spend(house, owner, 85)
    assert streamed(house, owner) == 2
    house.clock.moment = end - TICK

    def looked() -> None:
        house.clock.moment = end + TICK
        assert streamed(house, owner) == 0

    assert check_budget(racing(house, "batch_get_item", looked), owner.account.id) == 0
    assert percents(house, owner) == [50, 80]
    check_invariants(house)


def test_a_check_that_read_the_account_before_its_plan_changed_tells_nothing_twice(house: House, owner: Member) -> None:
    set_up(house, owner)
    spend(house, owner, 10)
    look(house)
    house.clock.advance(hours=1)

    def changed() -> None:
        change_plan(house.ctx, house.account_of(owner), "pro", actor=OPERATOR, must_pay=False)
        spend(house, owner, 85)
        assert look(house) == ["alerted"] * 2
        edit(house, owner, amount=200)
        edit(house, owner, amount=100)

    assert check_budget(racing(house, "batch_get_item", changed), owner.account.id) == 0
    spend(house, owner, 1)
    assert look(house) == []
    assert percents(house, owner) == [50, 80]
    check_invariants(house)


@pytest.mark.parametrize("checked", ["while the plan changes", "by an account read before"])
def test_a_month_that_a_change_of_plan_cuts_off_before_it_began_is_forgotten(
    house: House, owner: Member, checked: str
) -> None:
    """The change took its time before the month's end, and the check its own after it."""
    set_up(house, owner, limit_type="hard")
    spend(house, owner, 60)
    look(house)
    end = end_of_period(house, owner)
    house.clock.moment = end - timedelta(milliseconds=20)
    account = house.account_of(owner)

    def looked() -> None:
        house.clock.moment = end + timedelta(milliseconds=20)
        assert streamed(house, owner) == 0

    def changed() -> None:
        house.clock.moment = end - timedelta(milliseconds=20)
        change_plan(house.ctx, account, "pro", actor=OPERATOR, must_pay=False)
        house.clock.moment = end + timedelta(milliseconds=20)

    if checked == "while the plan changes":
        racing_ctx = racing(house, "transact_write_items", looked)
        change_plan(racing_ctx, account, "pro", actor=OPERATOR, must_pay=False)
    else:
        house.clock.moment = end + timedelta(milliseconds=20)
        assert check_budget(racing(house, "batch_get_item", changed), owner.account.id) == 0
    assert period_of(house.account_of(owner).calendar, house.clock.now()).start < end
    house.clock.advance(days=5)
    spend(house, owner, 100)
    assert streamed(house, owner) == 3
    assert edit(house, owner, amount=500).is_restricted is False
    drop(house, owner)
    assert percents(house, owner) == [50, 50, 80, 100]
    check_invariants(house)
