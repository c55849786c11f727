"""Holding an account's budget against what it has used: at ingest, at the sweep, when it is due, and at each edit.

Whoever finds that a threshold is reached writes the messages, the budget's state and the mail in one transaction, which
holds only while nobody else has: so each crossing is told once, whoever looks at it how often.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from tallybook.domain.accounts import Account
from tallybook.domain.audit import BUDGETS
from tallybook.domain.budget_announcements import budget_restricted, restriction_lifted, threshold_reached
from tallybook.domain.budget_messages import messages_of
from tallybook.domain.budgets import Budget, Reached, Spending, check
from tallybook.domain.ids import BUDGET
from tallybook.domain.periods import period_of
from tallybook.domain.times import instant_or_none
from tallybook.services.budget_letter import reached_mail
from tallybook.services.changes import Change, decided, recorded
from tallybook.services.context import Context
from tallybook.services.spending import periods_between, read_spending
from tallybook.store import keys
from tallybook.store.accounts import read_account
from tallybook.store.budgets import count_budgets, put_message, read_budget, set_budget
from tallybook.store.commands import Command, Item

MOST_ENDED = 2


@dataclass(frozen=True, slots=True)
class Standing:
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
    """What alerts: the messages and their count, and what is recorded of them."""

    commands: tuple[Command, ...]
    messages: int
    changes: tuple[Change, ...]


def check_budget(ctx: Context, account_id: str) -> int:
    """How many thresholds of the account's budget alert now; nothing, for one unit, where it has none."""

    def read() -> Account | None:
        item = ctx.tables.get(keys.account(account_id))
        return read_account(item) if item else None

    def look(account: Account | None) -> int:
        return _check(ctx, account) if account else 0

    if ctx.tables.get(keys.budget(account_id)) is None:
        return 0
    return decided(ctx, read(), look, again=read)


def standing_of(ctx: Context, account: Account) -> Standing:
    """As it is now, in one round trip, and one more where periods ended before anybody has looked at them.

    Of months that nobody has looked at the last two are told: so all that one change tells fits one transaction.
    """
    now = ctx.clock.now()
    present = period_of(account.calendar, now)
    budget_key, mark_key = keys.budget(account.id), keys.dirty(account.id)
    spending, items = read_spending(ctx, account, [present], also=[budget_key, mark_key])
    if budget_key not in items:
        return Standing(account, None, spending, now)
    budget = read_budget(items[budget_key])
    since = _unseen_since(budget, items.get(mark_key))
    if since is not None and since < present.start:
        unseen = periods_between(account, since, present)[-MOST_ENDED:]
        ended, _ = read_spending(ctx, account, unseen)
        spending = [*ended, *spending]
    return Standing(account, budget, spending, now)


def told_of(ctx: Context, account: Account, reached: Iterable[Reached], *, now: datetime) -> Told:
    """The messages of what is reached, numbered from the account's next, with mail and events."""
    commands: list[Command] = []
    changes: list[Change] = []
    number, currency = account.messages, ctx.catalogs.current().currency
    for one in reached:
        messages = messages_of(one, first=number + 1, now=now)
        number += len(messages)
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
                mails=(reached_mail(account, messages, one, currency=currency, now=now),),
                events=tuple(map(threshold_reached, messages)),
            )
        )
    return Told(tuple(commands), number - account.messages, tuple(changes))


def restriction(before: Budget, after: Budget, spent: Spending) -> tuple[Change, ...]:
    """That a hard limit refuses sessions from now on, or no longer, where that was not told yet."""
    if before.restricted == after.restricted:
        return ()
    action = "budget.restricted" if after.restricted else "budget.restriction_lifted"
    event = budget_restricted if after.restricted else restriction_lifted
    return (Change(BUDGETS, action, f"{BUDGET}{after.number}", events=(event(after, spent),)),)


def _check(ctx: Context, account: Account) -> int:
    standing = standing_of(ctx, account)
    before, now = standing.budget, standing.now
    if before is None:
        return 0
    if account.status == "deleted":
        if before.due is not None:
            ctx.tables.write(set_budget(before, replace(before, due=None)))
        return 0
    checked = check(before, standing.spending, now=now)
    after = checked.budget
    if after == before:
        return 0
    told = told_of(ctx, account, checked.reached, now=now)
    changes = (*told.changes, *restriction(before, after, standing.present))
    if not changes:
        ctx.tables.write(set_budget(before, after))
        return 0
    messages = (count_budgets(account, messages=told.messages),) if told.messages else ()
    ctx.tables.transact([set_budget(before, after), *told.commands, *messages, *recorded(account, *changes, at=now)])
    return told.messages


def _unseen_since(budget: Budget, mark: Item | None) -> datetime | None:
    """When something was first used, or a threshold due, that no check has looked at."""
    marked = instant_or_none(mark.get("due")) if mark else None
    return min((instant for instant in (marked, budget.due) if instant is not None), default=None)
