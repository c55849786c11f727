"""Usage is held against the budget at ingest, at the sweep and when it waits for an instant: each crossing once."""

from datetime import UTC, datetime, timedelta

import pytest

from tallybook.domain.audit import OPERATOR
from tallybook.domain.jobs import USAGE_CHECK
from tallybook.domain.periods import period_of
from tallybook.services.change_account import change_account
from tallybook.services.change_plan import change_plan
from tallybook.services.check_budget import check_budget
from tallybook.services.suspend_account import set_standing
from tallybook.services.tasks import due_tasks
from tests.support.budgets import (
    actions,
    budget_of,
    cheap,
    drop,
    due,
    edit,
    look,
    messages,
    percents,
    root,
    set_up,
    spend,
    thresholds,
)
from tests.support.house import House, Member
from tests.support.invariants import check_invariants
from tests.support.race import racing

TICK = timedelta(milliseconds=1)


@pytest.fixture
def owner(house: House) -> Member:
    cheap(house)
    return house.member("ada@example.com")


def streamed(house: House, owner: Member) -> int:
    """The check that the stream calls for: it leaves the mark to the sweep."""
    return check_budget(house.ctx, owner.account.id)


def end_of_period(house: House, owner: Member) -> datetime:
    return period_of(house.account_of(owner).calendar, house.clock.now()).end


def test_each_threshold_is_told_once_however_often_anybody_looks(house: House, owner: Member) -> None:
    set_up(house, owner)
    for units, alerts in (("49.99", 0), ("0.01", 1), ("0.01", 0), ("49.98", 1), ("0.01", 1), ("50", 0)):
        spend(house, owner, units)
        assert [streamed(house, owner), streamed(house, owner)] == [alerts, 0]
        assert look(house) == []
        check_invariants(house)
    assert percents(house, owner) == [50, 80, 100]
    assert [message.used for message in messages(house, owner)] == [50_000_000, 99_990_000, 100_000_000]


def test_what_one_check_finds_shares_a_notification_and_a_mail_to_each_address_once(
    house: House, owner: Member
) -> None:
    set_up(house, owner, emails=["fin@example.com", "ADA@example.com", "fin@example.com"])
    spend(house, owner, "82.5")
    assert look(house) == ["alerted"] * 2
    assert len({message.notification_id for message in messages(house, owner)}) == 1
    mails = [mail for mail in house.deliver().mails if mail.subject.startswith("Budget")]
    assert [mail.to for mail in mails] == ["ada@example.com", "fin@example.com"]
    told = [detail["data"]["threshold_percent"] for detail in house.world.named("BudgetThresholdReached")]
    assert told == ["50", "80"]
    assert {message.recipients for message in messages(house, owner)} == {("ada@example.com", "fin@example.com")}


def test_where_the_stream_lost_its_record_the_sweep_tells(house: House, owner: Member) -> None:
    set_up(house, owner)
    spend(house, owner, 50)
    house.clock.advance(minutes=5)
    assert look(house) == ["alerted"]
    assert due(house) == []


def test_what_the_stream_has_told_leaves_the_sweep_nothing_but_the_mark(house: House, owner: Member) -> None:
    set_up(house, owner)
    spend(house, owner, 50)
    assert streamed(house, owner) == 1
    assert due(house) == ["check"]
    assert look(house) == []
    assert due(house) == []


def test_a_silenced_crossing_is_told_at_its_very_instant_though_nothing_is_used(house: House, owner: Member) -> None:
    set_up(house, owner)
    spend(house, owner, 50)
    look(house)
    at = house.clock.now() + timedelta(hours=24)
    for amount in (200, 100):
        house.clock.advance(hours=1)
        edit(house, owner, amount=amount)
    house.clock.moment = at - TICK
    assert (due(house), streamed(house, owner), percents(house, owner)) == ([], 0, [50])
    house.clock.moment = at
    assert due(house) == ["budget"]
    assert look(house) == ["alerted"]
    assert (due(house), percents(house, owner)) == ([], [50, 50])
    check_invariants(house)


@pytest.mark.parametrize("end", [{"amount": 500}, {"is_active": False}, {"thresholds": thresholds(80)}])
def test_a_silenced_crossing_that_is_over_is_not_told(house: House, owner: Member, end: dict[str, object]) -> None:
    set_up(house, owner)
    spend(house, owner, 50)
    look(house)
    for amount in (200, 100):
        edit(house, owner, amount=amount)
    edit(house, owner, **end)
    house.clock.advance(hours=25)
    assert (due(house), look(house), percents(house, owner)) == ([], [], [50])
    check_invariants(house)


def test_a_silenced_crossing_of_a_budget_that_is_no_more_is_due_nowhere(house: House, owner: Member) -> None:
    set_up(house, owner)
    spend(house, owner, 50)
    look(house)
    for amount in (200, 100):
        edit(house, owner, amount=amount)
    drop(house, owner)
    house.clock.advance(hours=25)
    assert due(house) == []
    check_invariants(house)


def test_a_hard_limit_is_announced_and_its_end_with_the_period_too(house: House, owner: Member) -> None:
    set_up(house, owner, limit_type="hard")
    spend(house, owner, 100)
    assert look(house) == ["alerted"] * 3
    end = end_of_period(house, owner)
    house.clock.moment = end - TICK
    assert due(house) == []
    house.clock.moment = end
    assert due(house) == ["budget"]
    assert look(house) == []
    assert due(house) == []
    assert actions(house, owner) == ["created", "threshold_reached", "restricted", "restriction_lifted"]
    (lifted,) = house.deliver().named("BudgetRestrictionLifted")
    assert lifted["data"]["used"] == 0
    check_invariants(house)


def test_a_hard_limit_that_holds_in_the_next_period_as_well_is_not_announced_twice(house: House, owner: Member) -> None:
    set_up(house, owner, limit_type="hard")
    spend(house, owner, 100)
    look(house)
    house.clock.moment = end_of_period(house, owner)
    spend(house, owner, 100)
    assert look(house) == ["alerted"] * 3
    assert actions(house, owner) == ["created", "threshold_reached", "restricted", "threshold_reached"]
    check_invariants(house)


def test_what_nobody_saw_before_the_period_ended_is_told_of_it_once(house: House, owner: Member) -> None:
    set_up(house, owner)
    end = end_of_period(house, owner)
    house.clock.moment = end - TICK
    spend(house, owner, 80)
    house.clock.moment = end
    spend(house, owner, 50)
    assert [streamed(house, owner), streamed(house, owner)] == [3, 0]
    assert look(house) == []
    assert [(one.period.end == end, one.threshold.percent) for one in messages(house, owner)] == [
        (True, 50),
        (True, 80),
        (False, 50),
    ]
    assert {message.created_at for message in messages(house, owner)} == {end}
    check_invariants(house)


def test_of_what_nobody_saw_for_months_the_last_two_are_told_in_one_transaction_at_the_most(
    house: House, owner: Member
) -> None:
    set_up(house, owner, thresholds=thresholds(*range(1, 21)))
    for _ in range(4):
        spend(house, owner, 50)
        house.clock.moment = end_of_period(house, owner)
    spend(house, owner, 50)
    edit(house, owner, thresholds=thresholds(*range(21, 41)))
    starts = [message.period.start for message in messages(house, owner)]
    assert len(set(starts)) == 3
    assert starts == sorted(starts)
    assert len(starts) == 4 * 20
    assert look(house) == []
    check_invariants(house)


@pytest.mark.parametrize(
    ("before_the_end", "told"), [(timedelta(hours=24) + TICK, [50, 50]), (timedelta(hours=24), [50])]
)
def test_a_day_that_ends_with_the_period_silences_what_it_outlives(
    house: House, owner: Member, before_the_end: timedelta, told: list[int]
) -> None:
    set_up(house, owner)
    house.clock.moment = end_of_period(house, owner) - before_the_end
    spend(house, owner, 50)
    look(house)
    for amount in (1000, 100):
        edit(house, owner, amount=amount)
    house.clock.advance(days=2)
    look(house)
    assert percents(house, owner) == told
    check_invariants(house)


def test_a_new_plan_ends_the_restriction_and_that_is_announced_at_the_next_look(house: House, owner: Member) -> None:
    set_up(house, owner, limit_type="hard")
    spend(house, owner, 100)
    look(house)
    house.clock.advance(hours=1)
    change_plan(house.ctx, house.account_of(owner), "pro", actor=OPERATOR, must_pay=False)
    assert due(house) == ["check"]
    look(house)
    assert actions(house, owner)[-1] == "restriction_lifted"
    spend(house, owner, 50)
    assert look(house) == ["alerted"], "it is another period"
    check_invariants(house)


def test_what_nobody_saw_before_the_plan_changed_is_told_of_the_period_that_it_cut(house: House, owner: Member) -> None:
    set_up(house, owner)
    spend(house, owner, 50)
    house.clock.advance(minutes=1)
    changed = change_plan(house.ctx, house.account_of(owner), "pro", actor=OPERATOR, must_pay=False)
    spend(house, owner, 80)
    assert look(house) == ["alerted"] * 3
    assert [message.period == changed.opened.period for message in messages(house, owner)] == [False, True, True]
    assert messages(house, owner)[0].period.end == changed.opened.period.start
    check_invariants(house)


def test_a_plan_changed_without_a_budget_marks_nothing(house: House, owner: Member) -> None:
    house.clock.advance(hours=1)
    change_plan(house.ctx, house.account_of(owner), "pro", actor=OPERATOR, must_pay=False)
    assert due(house) == []


def test_a_suspended_account_is_told_of_what_it_uses_still(house: House, owner: Member) -> None:
    set_up(house, owner)
    set_standing(house.ctx, owner.account.id, "suspended", reason="unpaid", actor=OPERATOR)
    spend(house, owner, 50)
    assert look(house) == ["alerted"]


def test_nobody_in_a_deleted_account_is_told_and_its_budget_leaves_the_index(house: House, owner: Member) -> None:
    set_up(house, owner, limit_type="hard")
    spend(house, owner, 100)
    look(house)
    end = end_of_period(house, owner)
    spend(house, owner, 1)
    house.change_account(owner, status="deleted")
    assert look(house) == []
    budget = budget_of(house, owner)
    assert budget is not None
    assert budget.due is None
    house.clock.moment = end
    assert due(house) == []


def test_the_period_is_the_accounts_own_where_its_zone_differs(house: House, owner: Member) -> None:
    change_account(house.ctx, root(house, owner), {"time_zone": "Pacific/Auckland"})
    house.clock.moment = datetime(2026, 10, 1, tzinfo=UTC)
    set_up(house, owner)
    end = end_of_period(house, owner)
    assert end == datetime(2026, 10, 19, 23, tzinfo=UTC), "its clocks have gone forward since"
    house.clock.moment = end - TICK
    spend(house, owner, 50)
    house.clock.moment = end
    spend(house, owner, 50)
    assert look(house) == ["alerted"] * 2
    assert [message.period.end == end for message in messages(house, owner)] == [True, False]


def test_usage_between_the_marks_reading_and_the_check_is_told_once(house: House, owner: Member) -> None:
    set_up(house, owner)
    spend(house, owner, 1)
    look(house, racing(house, "get_item", lambda: spend(house, owner, 49), call=2))
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


def test_an_account_that_never_was_has_no_budget(house: House) -> None:
    assert check_budget(house.ctx, "nobody") == 0
