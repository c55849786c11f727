"""A suspended account is charged no fee, even for months that were closed late."""

from tallybook.domain.audit import OPERATOR
from tallybook.domain.closing_cursor import GRACE
from tallybook.domain.periods import boundary
from tallybook.services.accounts.suspension import set_account_status
from tests.support.app import App
from tests.support.invariants import check_invariants

DOLLAR = 1_000_000


def test_seventeen_suspended_unclosed_months_cost_nothing(app: App) -> None:
    app.apply_catalog(free_plan="pro", welcome_credit=0)
    app.clock.moment = app.clock.now().replace(hour=0, minute=0, second=0)
    member = app.member()
    set_account_status(app.ctx, member.account.id, "suspended", reason="as asked", actor=OPERATOR)
    app.clock.moment = boundary(member.account.schedule, 17)
    set_account_status(app.ctx, member.account.id, "active", reason="as asked", actor=OPERATOR)
    assert len(app.account_of(member).suspension.milliseconds) == 17
    app.clock.moment += GRACE
    issued = app.invoice_due()
    assert [(one.sum_of("subscription"), one.total) for one in issued] == [(20 * DOLLAR, 0)] * 17
    check_invariants(app)
    app.clock.moment = boundary(member.account.schedule, 18) + GRACE
    assert [one.total for one in app.invoice_due()] == [20 * DOLLAR]


def test_suspensions_after_a_long_one_keep_all_unclosed_months(app: App) -> None:
    app.apply_catalog(free_plan="pro", welcome_credit=0)
    app.clock.moment = app.clock.now().replace(hour=0, minute=0, second=0)
    member = app.member()
    for month in range(17):
        for status in ("suspended", "active"):
            set_account_status(app.ctx, member.account.id, status, reason="as asked", actor=OPERATOR)
            app.clock.moment = boundary(member.account.schedule, month + 1)
            app.clock.advance(seconds=0 if status == "suspended" else 1)
    app.clock.moment = boundary(member.account.schedule, 17) + GRACE
    # each one but the first began a second into its month
    assert {one.total for one in app.invoice_due()} == {0}
    check_invariants(app)
