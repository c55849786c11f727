"""Budgets set, changed and deleted while something else happens."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from tallybook.domain.admission import NotAdmitted
from tallybook.domain.errors import Conflict, Forbidden, NotFound
from tallybook.services.accounts.users import change_user
from tallybook.services.budgets.budget import create_budget
from tallybook.services.metering.sessions import start_session
from tests.services.metering.test_sessions import wanted
from tests.support.budgets import (
    UNIT,
    budget_of,
    drop,
    due,
    edit,
    end_of_period,
    look,
    messages,
    percents,
    root,
    set_up,
    spend,
)
from tests.support.house import House, Member
from tests.support.invariants import check_invariants
from tests.support.race import racing


@pytest.fixture
def owner(house: House) -> Member:
    return house.member("ada@example.com")


def test_whoever_is_no_root_user_any_more_when_it_is_written_changes_nothing(house: House, owner: Member) -> None:
    colleague = house.colleague(owner, is_root=True)
    principal, by = root(house, colleague), root(house, owner)
    ctx = racing(
        house, "transact_write_items", lambda: change_user(house.ctx, by, colleague.user.id, {"is_root": False})
    )
    with pytest.raises(Forbidden):
        create_budget(ctx, principal, {"amount": Decimal(1)})
    assert budget_of(house, owner) is None


def test_two_budgets_made_at_once_are_one(house: House, owner: Member) -> None:
    ctx = racing(house, "transact_write_items", lambda: set_up(house, owner, amount=7))
    with pytest.raises(Conflict):
        set_up(house, owner, ctx)
    budget = budget_of(house, owner)
    assert budget is not None
    assert (budget.number, budget.amount) == (1, 7 * UNIT)
    check_invariants(house)


def test_two_changes_at_once_both_hold(house: House, owner: Member) -> None:
    set_up(house, owner)
    ctx = racing(house, "transact_write_items", lambda: edit(house, owner, limit_type="hard"))
    after = edit(house, owner, ctx, amount=70).budget
    assert (after.amount, after.limit_type) == (70 * UNIT, "hard")
    assert budget_of(house, owner) == replace(after, version=3)


def test_a_change_of_what_is_deleted_meanwhile_finds_none(house: House, owner: Member) -> None:
    set_up(house, owner)
    for call in (lambda ctx: edit(house, owner, ctx, amount=70), lambda ctx: drop(house, owner, ctx)):
        ctx = racing(house, "transact_write_items", lambda: drop(house, owner))
        with pytest.raises(NotFound):
            call(ctx)
        set_up(house, owner)
    check_invariants(house)


def test_usage_that_comes_while_it_is_changed_is_told_by_the_next_look(house: House, owner: Member) -> None:
    set_up(house, owner)
    edit(house, owner, racing(house, "transact_write_items", lambda: spend(house, owner, 60)), amount=75)
    assert percents(house, owner) == []
    assert due(house) == ["check"]
    look(house)
    assert [(one.threshold.percent, one.amount) for one in messages(house, owner)] == [(50, 75 * UNIT), (80, 75 * UNIT)]
    check_invariants(house)


def test_a_check_that_tells_while_it_is_changed_is_not_repeated_by_the_change(house: House, owner: Member) -> None:
    set_up(house, owner)
    spend(house, owner, 80)
    edit(house, owner, racing(house, "transact_write_items", lambda: look(house)), amount=500)
    assert percents(house, owner) == [50, 80]
    check_invariants(house)


def test_a_session_is_refused_once_a_lower_hard_limit_is_set_between_its_reading_and_its_writing(
    house: House, owner: Member
) -> None:
    set_up(house, owner, limit_type="hard")
    spend(house, owner, 60)
    key = house.platform()
    ctx = racing(house, "transact_write_items", lambda: edit(house, owner, amount=50))
    with pytest.raises(NotAdmitted):
        start_session(ctx, key, wanted(owner))


def test_a_change_that_took_its_time_before_the_period_ended_is_made_in_the_next_one(
    house: House, owner: Member
) -> None:
    set_up(house, owner)
    spend(house, owner, 50)
    look(house)
    end = end_of_period(house, owner)
    house.clock.moment = end - timedelta(milliseconds=1)

    def ended() -> None:
        house.clock.moment = end
        spend(house, owner, 1)
        assert look(house) == []

    status = edit(house, owner, ctx=racing(house, "batch_get_item", ended), amount=1)
    assert (status.spent.period.start, status.spent.used) == (end, UNIT)
    assert percents(house, owner) == [50, 50, 80, 100]
    check_invariants(house)
