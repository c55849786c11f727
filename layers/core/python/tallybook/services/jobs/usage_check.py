"""What has to be looked at every few minutes: sessions whose time is up, budgets that wait for an instant, and accounts
with usage nobody has seen.

A user is written to once a period for each percentage of their allocation that they reach, the first time that it is
seen; where several are seen at once, of the highest alone. What was reached in the last minutes of a period that has
ended by then is not told any more, for it hinders nobody. Source: money, "Quotas".
"""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import batched

from tallybook.domain.accounts import Account
from tallybook.domain.audit import QUOTAS
from tallybook.domain.errors import Failed
from tallybook.domain.events.quotas import quota_reached
from tallybook.domain.ids import ALLOCATION, USER
from tallybook.domain.periods import Period
from tallybook.domain.quotas import GAUGE, MONTHLY, Allocation, Use, newly_reached
from tallybook.domain.times import stamp
from tallybook.services.budgets.check import check_budget
from tallybook.services.changes import Change, record, retry_on_conflict
from tallybook.services.context import Context
from tallybook.services.jobs.due_tasks import Task
from tallybook.services.lookup import find_account
from tallybook.services.metering.sessions import end_expired
from tallybook.services.quotas.allocations import all_allocations
from tallybook.services.quotas.consumption import QuotaUse, read_quota_use
from tallybook.services.quotas.mails import reached_mail
from tallybook.store import keys
from tallybook.store.accounts import read_account
from tallybook.store.commands import Item
from tallybook.store.events import still_dirty, unmark_dirty
from tallybook.store.quotas import read_allocation, set_notified
from tallybook.store.table import WriteConflict

_USERS_A_READ = 30
_MAILS_A_TRANSACTION = 20


@dataclass(frozen=True, slots=True)
class _Reached:
    """An allocation before and after its user is told of it: the percentages by field, and what they are of."""

    before: Allocation
    after: Allocation
    period: Period
    percents: Mapping[str, int]
    uses: tuple[Use, ...]


def run_task(ctx: Context, task: Task) -> list[str]:
    """Do it, and say what came of it: nothing where it was done before."""
    match task:
        case Task("expire", session_id=str(session_id)):
            return ["expired"] if end_expired(ctx, session_id) else []
        case Task("budget", account_id):
            return ["alerted"] * check_budget(ctx, account_id)
        case Task("check", account_id):
            return check_usage(ctx, account_id)
    raise Failed(f"{task.kind} is no task of the usage check")


def check_usage(ctx: Context, account_id: str) -> list[str]:
    """Look at the account's unseen usage: `alerted` for each threshold of its budget, `written to` for each user.

    The mark is read first and goes last, and only if nothing was counted since: what comes meanwhile is looked at next
    time.
    """
    began = ctx.clock.now()
    mark = ctx.tables.get(keys.dirty(account_id))
    if mark is None or "work" not in mark:
        return []
    account_key, budget_key = keys.account(account_id), keys.budget(account_id)
    items = ctx.tables.get_many([account_key, budget_key])
    account = read_account(items[account_key])
    done = ["alerted"] * check_budget(ctx, account_id, account=account) if budget_key in items else []
    if account.counts.allocation_count and account.status != "deleted":
        done += ["written to"] * _check_quotas(ctx, account)
    try:
        ctx.tables.write(unmark_dirty(mark))
    except WriteConflict:
        with suppress(WriteConflict):
            ctx.tables.write(still_dirty(mark, now=stamp(began)))
    return done


def _check_quotas(ctx: Context, account: Account) -> int:
    told = 0
    active = [one for one in all_allocations(ctx, account.id) if one.status == "active"]
    for some in batched(active, _USERS_A_READ, strict=False):
        for few in batched(_reached(ctx, account, some), _MAILS_A_TRANSACTION, strict=False):
            told += _tell(ctx, account, few)
    return told


def _reached(ctx: Context, account: Account, allocations: Iterable[Allocation]) -> list[_Reached]:
    allocations = list(allocations)
    use = read_quota_use(ctx, account, {one.user_id: one.quota for one in allocations}, now=ctx.clock.now())
    found = (_news(one, use) for one in allocations)
    return [one for one in found if one]


def _news(allocation: Allocation, use: QuotaUse) -> _Reached | None:
    start, used = stamp(use.period.start), use.users[allocation.user_id]
    uses = [Use(name, used[name], allocation.quota.get(name)) for name in (*MONTHLY, GAUGE)]
    told = allocation.notified.get(start, {})
    percents = newly_reached(uses, told)
    if not percents:
        return None
    after = replace(allocation, notified={start: {**told, **percents}})
    return _Reached(allocation, after, use.period, percents, tuple(one for one in uses if one.field in percents))


def _tell(ctx: Context, account: Account, reached: Sequence[_Reached]) -> int:
    """One transaction; where anything of it changed meanwhile, all of it is looked at again."""
    own = [keys.allocation(account.id, one.before.id) for one in reached]
    users = [keys.user(account.id, one.before.user_id) for one in reached]

    def again() -> tuple[Account, list[_Reached]]:
        now = find_account(ctx, account.id)
        present = [read_allocation(item) for item in ctx.tables.get_many(own).values()]
        return now, _reached(ctx, now, [one for one in present if one.status == "active"])

    def tell(state: tuple[Account, Sequence[_Reached]]) -> int:
        account, reached = state
        if not reached:
            return 0
        known = ctx.tables.get_many(users)
        changes = [_change(account, one, known[keys.user(account.id, one.before.user_id)]) for one in reached]
        marks = [set_notified(one.before, one.after) for one in reached]
        ctx.tables.transact([*marks, *record(account, *changes, at=ctx.clock.now())])
        return len(reached)

    return retry_on_conflict(ctx, tell, (account, reached), reload=again)


def _change(account: Account, one: _Reached, user: Item) -> Change:
    return Change(
        QUOTAS,
        "quota_allocation.reached",
        ALLOCATION + one.before.id,
        after={"user_id": USER + one.before.user_id, **one.percents},
        mails=(reached_mail(account, user["email"], one.uses, one.period),),
        events=tuple(quota_reached(one.before, use, period_start=one.period.start) for use in one.uses),
    )
