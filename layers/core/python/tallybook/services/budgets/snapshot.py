"""An account's budget, with what was used in each period that it is evaluated for."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from tallybook.domain.accounts import Account
from tallybook.domain.budgets import Budget, Spending
from tallybook.domain.periods import period_of
from tallybook.domain.times import instant_or_none
from tallybook.services.budgets.spending import periods_between, read_spending
from tallybook.services.context import Context
from tallybook.store import keys
from tallybook.store.accounts import read_account
from tallybook.store.budgets import read_budget
from tallybook.store.commands import Item
from tallybook.store.conflicts import WriteConflict

_MAX_ENDED_PERIODS = 2


@dataclass(frozen=True, slots=True)
class BudgetSnapshot:
    """`spending` is in order of time: unchecked ended periods, then the current one."""

    account: Account
    budget: Budget | None
    spending: Sequence[Spending]
    now: datetime

    @property
    def present(self) -> Spending:
        return self.spending[-1]


def read_snapshot(ctx: Context, account: Account) -> BudgetSnapshot:
    """One round trip, and a second one if unchecked usage is in ended periods.

    Only the last two unchecked ended periods are evaluated, so that all alerts of a change fit one transaction.
    WriteConflict where the budget was evaluated for a later period than `account` and the clock's time lead to.
    """
    now = ctx.clock.now()
    present = period_of(account.schedule, now)
    budget_key, mark_key = keys.budget(account.id), keys.dirty(account.id)
    spending, items = read_spending(ctx, account, [present], also=[budget_key, mark_key])
    if budget_key not in items:
        return BudgetSnapshot(account, None, spending, now)
    budget = read_budget(items[budget_key])
    if budget.period_start is not None and present.start < budget.period_start:
        if now < budget.period_start or not _is_current(ctx, account):
            raise WriteConflict(())
        budget = replace(budget, period_start=None, alerts={})  # a change of plan removed that period
    since = _unchecked_since(budget, items.get(mark_key))
    if since is not None and since < present.start:
        unchecked = periods_between(account, since, present)[-_MAX_ENDED_PERIODS:]
        ended, _ = read_spending(ctx, account, unchecked)
        spending = [*ended, *spending]
    return BudgetSnapshot(account, budget, spending, now)


def _is_current(ctx: Context, account: Account) -> bool:
    """Whether the stored account still has the billing schedule that was read."""
    item = ctx.tables.get(keys.account(account.id))
    return item is not None and read_account(item).schedule == account.schedule


def _unchecked_since(budget: Budget, mark: Item | None) -> datetime | None:
    """The earliest unchecked instant: of usage by the dirty mark, or when the budget was due."""
    marked = instant_or_none(mark.get("due")) if mark else None
    return min((instant for instant in (marked, budget.due) if instant is not None), default=None)
