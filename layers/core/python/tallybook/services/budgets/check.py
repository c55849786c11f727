"""Holding an account's budget against what it has used: at ingest, at the sweep, when it is due, and at each edit.

Whoever finds that a threshold is reached writes the messages, the budget's state and the mail in one transaction, which
holds only while nobody else has: so each crossing is told once, whoever looks at it how often.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from tallybook.domain.accounts import Account
from tallybook.domain.audit import BUDGETS
from tallybook.domain.budget_messages import messages_of
from tallybook.domain.budgets import Budget, Reached, Spending, check
from tallybook.domain.errors import TooManyRequests
from tallybook.domain.events.budgets import budget_restricted, restriction_lifted, threshold_reached
from tallybook.domain.ids import BUDGET
from tallybook.domain.periods import period_of
from tallybook.domain.times import instant_or_none
from tallybook.services.budgets.alert_mail import reached_mail
from tallybook.services.budgets.spending import periods_between, read_spending
from tallybook.services.changes import Change, record, retry_on_conflict
from tallybook.services.context import Context
from tallybook.services.rate_limits import count_budget_mails
from tallybook.store import keys
from tallybook.store.accounts import read_account
from tallybook.store.budgets import count_messages, put_message, read_budget, set_budget
from tallybook.store.commands import Command, Item
from tallybook.store.table import WriteConflict

_MOST_ENDED = 2


@dataclass(frozen=True, slots=True)
class BudgetSnapshot:
    """An account with its budget, and what it has used in each period that the budget is to be held against."""

    account: Account
    budget: Budget | None
    spending: Sequence[Spending]
    now: datetime

    @property
    def present(self) -> Spending:
        return self.spending[-1]


@dataclass(frozen=True, slots=True)
class Told:
    """What alerts: the messages and their count, and what is recorded of each time."""

    commands: tuple[Command, ...]
    messages: int
    changes: tuple[Change, ...]


def with_budgets(ctx: Context, account_ids: Iterable[str]) -> list[str]:
    """Those of the accounts that have a budget: one round trip, a unit each."""
    wanted = {keys.budget(account_id): account_id for account_id in account_ids}
    return [wanted[key] for key in ctx.tables.get_many(wanted)]


def check_budget(ctx: Context, account_id: str, *, account: Account | None = None) -> int:
    """How many thresholds of the account's budget alert now; nothing where it has none. An `account` that was read
    just now is not read again.
    """

    def read() -> Account | None:
        item = ctx.tables.get(keys.account(account_id))
        return read_account(item) if item else None

    def look(account: Account | None) -> int:
        return _check(ctx, account) if account else 0

    return retry_on_conflict(ctx, look, account or read(), reload=read)


def standing_of(ctx: Context, account: Account) -> BudgetSnapshot:
    """As it is now, in one round trip, and one more where periods ended before anybody has looked at them.

    Of months that nobody has looked at the last two are told: so all that one change tells fits one transaction.
    WriteConflict where somebody has looked at a later period than the account or the clock knew of when they were read.
    """
    now = ctx.clock.now()
    present = period_of(account.schedule, now)
    budget_key, mark_key = keys.budget(account.id), keys.dirty(account.id)
    spending, items = read_spending(ctx, account, [present], also=[budget_key, mark_key])
    if budget_key not in items:
        return BudgetSnapshot(account, None, spending, now)
    budget = read_budget(items[budget_key])
    if budget.period_start is not None and present.start < budget.period_start:
        if now < budget.period_start or not _is_as_stored(ctx, account):
            raise WriteConflict(())
        budget = replace(budget, period_start=None, alerts={})  # a change of plan left nothing of that period
    since = _unseen_since(budget, items.get(mark_key))
    if since is not None and since < present.start:
        unseen = periods_between(account, since, present)[-_MOST_ENDED:]
        ended, _ = read_spending(ctx, account, unseen)
        spending = [*ended, *spending]
    return BudgetSnapshot(account, budget, spending, now)


def telling(
    ctx: Context,
    account: Account,
    reached: Sequence[Reached],
    write: Callable[[Told], None],
    *,
    after: Budget | None,
    now: datetime,
) -> int:
    """Write what alerts, with mails; without them where too many have told of the account's budgets today. How many
    messages that made.

    The mails say what follows from the budget as it stands `after` it is written.
    """
    if not reached:
        write(Told((), 0, ()))
        return 0
    told = _told_of(ctx, account, reached, after=after, now=now)
    counted = count_budget_mails(ctx, account_id=account.id, mails=len(reached))
    try:
        write(replace(told, commands=(*told.commands, counted)))
    except TooManyRequests:
        write(replace(told, changes=tuple(replace(change, mails=()) for change in told.changes)))
    return told.messages


def restriction(before: Budget, after: Budget, spent: Spending) -> tuple[Change, ...]:
    """That a hard limit refuses sessions from now on, or no longer, where that was not told yet."""
    if before.restricted == after.restricted:
        return ()
    action = "budget.restricted" if after.restricted else "budget.restriction_lifted"
    event = budget_restricted if after.restricted else restriction_lifted
    facts = {"used": spent.used, "amount": after.amount}
    return (Change(BUDGETS, action, f"{BUDGET}{after.number}", after=facts, events=(event(after, spent),)),)


def _check(ctx: Context, account: Account) -> int:
    standing = standing_of(ctx, account)
    before = standing.budget
    if before is None:
        return 0
    if account.status == "deleted":
        if before.due is not None:
            ctx.tables.write(set_budget(before, replace(before, due=None)))
        return 0
    checked = check(before, standing.spending, now=standing.now)
    after = checked.budget
    if after == before:
        return 0
    also = restriction(before, after, standing.present)

    def write(told: Told) -> None:
        changes = (*told.changes, *also)
        if changes:
            audit = record(account, *changes, at=standing.now)
            ctx.tables.transact([set_budget(before, after), *told.commands, *audit])
        else:
            ctx.tables.write(set_budget(before, after))

    return telling(ctx, account, checked.reached, write, after=after, now=standing.now)


def _told_of(
    ctx: Context, account: Account, reached: Iterable[Reached], *, after: Budget | None, now: datetime
) -> Told:
    """The messages of what is reached, numbered from the account's next, with their mails and events."""
    currency = ctx.catalogs.current().currency
    commands: list[Command] = []
    changes: list[Change] = []
    count = 0
    for one in reached:
        messages = messages_of(one, first=account.counts.message_count + count + 1, now=now)
        count += len(messages)
        commands += map(put_message, messages)
        changes.append(
            Change(
                BUDGETS,
                "budget.threshold_reached",
                f"{BUDGET}{one.budget.number}",
                after={
                    "thresholds": [threshold.percent for threshold in one.thresholds],
                    "used": one.spending.used,
                    "amount": one.budget.amount,
                },
                mails=(reached_mail(account, messages, one, after=after, currency=currency, now=now),),
                events=tuple(map(threshold_reached, messages)),
            )
        )
    return Told((*commands, count_messages(account, more=count)), count, tuple(changes))


def _is_as_stored(ctx: Context, account: Account) -> bool:
    """Whether its periods still follow from what was read of it."""
    item = ctx.tables.get(keys.account(account.id))
    return item is not None and read_account(item).schedule == account.schedule


def _unseen_since(budget: Budget, mark: Item | None) -> datetime | None:
    """When something was first used, or a threshold due, that no check has looked at."""
    marked = instant_or_none(mark.get("due")) if mark else None
    return min((instant for instant in (marked, budget.due) if instant is not None), default=None)
