"""The tasks of the usage check: sessions whose time is up, budgets that are due, and usage that no check has seen."""

from contextlib import suppress

from tallybook.domain.errors import Failed
from tallybook.domain.times import stamp
from tallybook.services.budgets.check import check_budget
from tallybook.services.context import Context
from tallybook.services.jobs.due_tasks import Task
from tallybook.services.metering.sessions import end_expired
from tallybook.services.quotas.alerts import alert_users
from tallybook.store import keys
from tallybook.store.accounts import read_account
from tallybook.store.conflicts import WriteConflict
from tallybook.store.events import clear_dirty, keep_dirty


def run_task(ctx: Context, task: Task) -> list[str]:
    """Do the task; returns a word for each effect, for the counts in the log; none if it was done before."""
    match task:
        case Task("expire", session_id=str(session_id)):
            return ["expired"] if end_expired(ctx, session_id) else []
        case Task("budget", account_id):
            return ["alerted"] * check_budget(ctx, account_id)
        case Task("check", account_id):
            return check_usage(ctx, account_id)
    raise Failed(f"{task.kind} is no task of the usage check")


def check_usage(ctx: Context, account_id: str) -> list[str]:
    """Check the account's budget and allocations if it has usage that no check has seen.

    Returns `alerted` for each threshold of the budget, and `written to` for each user who gets a mail. The dirty mark
    is read first and removed last, only if nothing was counted in between: newer usage is left to the next check.
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
        done += ["written to"] * alert_users(ctx, account)
    try:
        ctx.tables.write(clear_dirty(mark))
    except WriteConflict:
        with suppress(WriteConflict):
            ctx.tables.write(keep_dirty(mark, now=stamp(began)))
    return done
