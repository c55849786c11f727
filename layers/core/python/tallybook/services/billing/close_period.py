"""Closing periods: each once, in order, with its invoice, in one transaction. Source: money, "Periods", "Invoices".

That transaction takes the period's fence away, provided that nothing was counted under it since it was read; writes the
invoice over its draft or anew, with the account's next number; pays what the balance can; opens the next period; moves
the cycle there; and leaves the mail and the events. Whatever came between refuses it whole, and it is made again.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from tallybook.domain.accounts import Account
from tallybook.domain.audit import INVOICING, Actor
from tallybook.domain.catalog import Catalog
from tallybook.domain.closing_cursor import GRACE, ClosingCursor
from tallybook.domain.errors import Failed
from tallybook.domain.invoices import Invoice
from tallybook.domain.periods import Period, period_of
from tallybook.services.billing.bill_period import PeriodBill, bill_period
from tallybook.services.billing.issue_invoice import issue_invoice
from tallybook.services.billing.open_period import new_billing_period
from tallybook.services.changes import Change, record, retry_on_conflict
from tallybook.services.context import Context
from tallybook.services.lookup import find_account
from tallybook.store import keys
from tallybook.store.closing_cursors import move_closing_cursor
from tallybook.store.commands import Command
from tallybook.store.costs import put_costs
from tallybook.store.periods import bill_late, close_period, open_period, period_key, repin


@dataclass(frozen=True, slots=True)
class Closing:
    """A period's closing, worked out: the invoice, where the cycle is then, what writes it and what is recorded."""

    invoice: Invoice
    closing_cursor: ClosingCursor
    commands: tuple[Command, ...]
    change: Change


def close_due(ctx: Context, account_id: str, *, actor: Actor = INVOICING) -> list[Invoice]:
    """Close each period of the account that ended at least 30 minutes ago; their invoices, oldest first."""
    return close_until(ctx, account_id, ctx.clock.now() - GRACE, actor=actor)


def close_until(ctx: Context, account_id: str, instant: datetime, *, actor: Actor) -> list[Invoice]:
    """Close each period of the account that ended by the instant; their invoices, oldest first."""

    def read() -> Account:
        return find_account(ctx, account_id)

    def close(account: Account) -> Closing | None:
        return _close(ctx, account, actor) if _ended(account, account.closing_cursor, instant) else None

    invoices: list[Invoice] = []
    account = read()
    while closed := retry_on_conflict(ctx, close, account, reload=read):
        invoices.append(closed.invoice)
        if not _ended(account, closed.closing_cursor, instant):
            break
        account = read()
    return invoices


def prepare_closing(
    ctx: Context,
    account: Account,
    bill: PeriodBill,
    *,
    after: Account,
    catalog: Catalog,
    now: datetime,
    actor: Actor,
) -> Closing:
    """All that closes the billed period and opens the next, which follows from the account as it is `after` and pins
    the catalog.
    """
    if len(bill.fences) != bill.opened.shards:
        raise Failed("A period that is to be closed was never opened")
    following = period_of(after.schedule, bill.opened.period.end)
    next_fence, place_key = period_key(account.id, following), keys.invoice_place(bill.invoice.id)
    found = ctx.tables.get_many([next_fence, place_key])
    position = int(found[place_key]["position"]) if place_key in found else None
    issue = issue_invoice(account, bill.invoice, position=position, now=now, at=None, actor=actor)
    closing_cursor = ClosingCursor(following, carried_credit=issue.invoice.carried_credit)
    commands = (
        *close_period(account.id, replace(bill.opened, billed=bill.costs.total), bill.fences),
        *(bill_late(account.id, late.opened, late.amount) for late in bill.late),
        *((put_costs(account.id, bill.costs, currency=issue.invoice.currency),) if bill.costs.lines else ()),
        *move_closing_cursor(account, closing_cursor),
        *_open_next(
            ctx,
            after,
            following,
            catalog,
            present=next_fence in found,
            anew=after.plan != account.plan,
        ),
        *issue.commands,
    )
    return Closing(issue.invoice, closing_cursor, commands, issue.change)


def _close(ctx: Context, account: Account, actor: Actor) -> Closing:
    now = ctx.clock.now()
    bill = bill_period(ctx, account, account.closing_cursor.period, now=now)
    closed = prepare_closing(ctx, account, bill, after=account, catalog=ctx.catalogs.current(), now=now, actor=actor)
    ctx.tables.transact([*closed.commands, *record(account, closed.change, at=now)])
    return closed


def _open_next(
    ctx: Context, account: Account, period: Period, catalog: Catalog, *, present: bool, anew: bool
) -> tuple[Command, ...]:
    """The next period opened, unless somebody has.

    Where a plan changes at the instant at which it starts, it may be open for the old plan: it is pinned anew.
    """
    opened = new_billing_period(ctx, account, period, catalog=catalog)
    if not present:
        return open_period(account, opened)
    return (repin(account.id, opened),) if anew else ()


def _ended(account: Account, closing_cursor: ClosingCursor, instant: datetime) -> bool:
    return account.status != "deleted" and closing_cursor.period.end <= instant
