"""Check an account's budget: at ingest, in the sweep, and when the budget is due.

Messages, the budget's state and the mail are written in one transaction, which succeeds only if nobody else wrote the
budget since it was read. So each crossing is notified once, however many checks run.
"""

from collections.abc import Iterable
from dataclasses import replace

from tallybook.domain.accounts import Account
from tallybook.domain.budgets import evaluate
from tallybook.services.budgets.alerts import AlertRecord, restriction_changes, write_with_alerts
from tallybook.services.budgets.snapshot import read_snapshot
from tallybook.services.changes import record, retry_on_conflict
from tallybook.services.context import Context
from tallybook.store import keys
from tallybook.store.accounts import read_account
from tallybook.store.budgets import set_budget


def check_budget(ctx: Context, account_id: str, *, account: Account | None = None) -> int:
    """The number of thresholds that alert now; 0 without a budget. An `account` is read again only on conflict."""

    def read() -> Account | None:
        item = ctx.tables.get(keys.account(account_id))
        return read_account(item) if item else None

    def check(account: Account | None) -> int:
        return _check(ctx, account) if account else 0

    return retry_on_conflict(ctx, check, account or read(), reload=read)


def accounts_with_budget(ctx: Context, account_ids: Iterable[str]) -> list[str]:
    """The accounts that have a budget, in one round trip."""
    by_key = {keys.budget(account_id): account_id for account_id in account_ids}
    return [by_key[key] for key in ctx.tables.get_many(by_key)]


def _check(ctx: Context, account: Account) -> int:
    snapshot = read_snapshot(ctx, account)
    before = snapshot.budget
    if before is None:
        return 0
    if account.status == "deleted":
        if before.due is not None:
            ctx.tables.write(set_budget(before, replace(before, due=None)))
        return 0
    evaluation = evaluate(before, snapshot.spending, now=snapshot.now)
    after = evaluation.budget
    if after == before:
        return 0
    restriction = restriction_changes(before, after, snapshot.current)

    def write(alerts: AlertRecord) -> None:
        changes = (*alerts.changes, *restriction)
        if changes:
            audit = record(account, *changes, at=snapshot.now)
            ctx.tables.transact([set_budget(before, after), *alerts.commands, *audit])
        else:
            ctx.tables.write(set_budget(before, after))

    return write_with_alerts(ctx, account, evaluation.alerts, write, after=after, now=snapshot.now)
