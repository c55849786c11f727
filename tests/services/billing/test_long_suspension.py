"""No fee accrues while an account is suspended, also over months that nobody closed."""

from tallybook.domain.audit import OPERATOR
from tallybook.domain.cycle import GRACE
from tallybook.domain.periods import boundary
from tallybook.services.accounts.suspension import set_standing
from tests.support.house import House
from tests.support.invariants import check_invariants

DOLLAR = 1_000_000


def test_seventeen_months_suspended_and_never_closed_cost_nothing(house: House) -> None:
    house.apply_catalog(free_plan="pro", welcome_credit=0)
    house.clock.moment = house.clock.now().replace(hour=0, minute=0, second=0)
    member = house.member()
    set_standing(house.ctx, member.account.id, "suspended", reason="as asked", actor=OPERATOR)
    house.clock.moment = boundary(member.account.calendar, 17)
    set_standing(house.ctx, member.account.id, "active", reason="as asked", actor=OPERATOR)
    assert len(house.account_of(member).suspended_ms) == 17
    house.clock.moment += GRACE
    issued = house.invoice_due()
    assert [(one.sum_of("subscription"), one.total) for one in issued] == [(20 * DOLLAR, 0)] * 17
    check_invariants(house)
    house.clock.moment = boundary(member.account.calendar, 18) + GRACE
    assert [one.total for one in house.invoice_due()] == [20 * DOLLAR]


def test_suspensions_after_a_long_one_forget_none_of_the_months_that_are_not_closed(house: House) -> None:
    house.apply_catalog(free_plan="pro", welcome_credit=0)
    house.clock.moment = house.clock.now().replace(hour=0, minute=0, second=0)
    member = house.member()
    for month in range(17):
        for standing in ("suspended", "active"):
            set_standing(house.ctx, member.account.id, standing, reason="as asked", actor=OPERATOR)
            house.clock.moment = boundary(member.account.calendar, month + 1)
            house.clock.advance(seconds=0 if standing == "suspended" else 1)
    house.clock.moment = boundary(member.account.calendar, 17) + GRACE
    # each but the first one began a second into its month
    assert {one.total for one in house.invoice_due()} == {0}
    check_invariants(house)
