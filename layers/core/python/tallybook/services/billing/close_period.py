"""Closes periods in order, each once and with its invoice, in one transaction. Source: docs/money.md, "Periods" and
"Invoices".

The transaction removes `open` from the period key, provided that nothing was counted since it was read; writes the
invoice, over its draft if there is one, with the account's next number; pays what the balance can; opens the next
period; moves the closing cursor there; and records the change with its mail and events. After a conflict the account is
read again: if the period is still open it is billed again, else another call has closed it and nothing is left to do.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from tallybook.domain.accounts import Account
from tallybook.domain.audit import INVOICING, Actor
from tallybook.domain.catalog import Catalog
from tallybook.domain.closing_cursor import GRACE, ClosingCursor
from tallybook.domain.errors import Failed
from tallybook.domain.invoices import Invoice
from tallybook.domain.periods import period_of
from tallybook.domain.rating import RATING_RULES
from tallybook.services.billing.base_fees import check_base_fees
from tallybook.services.billing.bill_period import PeriodBill, bill_period
from tallybook.services.billing.issue_invoice import issue_invoice
from tallybook.services.billing.next_period import NextPeriod, prepare_next
from tallybook.services.billing.pay_unpaid import with_unpaid
from tallybook.services.changes import Change, record, retry_on_conflict
from tallybook.services.context import Context
from tallybook.services.lookup import find_account
from tallybook.store import keys
from tallybook.store.closing_cursors import move_closing_cursor
from tallybook.store.commands import Command
from tallybook.store.corrections import set_corrections
from tallybook.store.costs import put_costs
from tallybook.store.periods import bill_late, close_period, period_key


@dataclass(frozen=True, slots=True)
class Closing:
    """A closing, not written: the invoice, the next cursor and period, the commands, and the change to record."""

    invoice: Invoice
    closing_cursor: ClosingCursor
    following: NextPeriod
    commands: tuple[Command, ...]
    change: Change


def close_due(ctx: Context, account_id: str, *, actor: Actor = INVOICING) -> list[Invoice]:
    """Close each period of the account that ended at least 30 minutes ago; returns their invoices, oldest first."""
    return close_until(ctx, account_id, ctx.clock.now() - GRACE, actor=actor)


def close_until(ctx: Context, account_id: str, instant: datetime, *, actor: Actor) -> list[Invoice]:
    """Close each period of the account that ended by the instant; returns their invoices, oldest first."""

    def read() -> Account:
        return find_account(ctx, account_id)

    def close(account: Account) -> Closing | None:
        return _close(ctx, account, actor) if _has_ended(account, account.closing_cursor, instant) else None

    invoices: list[Invoice] = []
    account = read()
    while closed := retry_on_conflict(ctx, close, account, reload=read):
        invoices.append(closed.invoice)
        if not _has_ended(account, closed.closing_cursor, instant):
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
    """The closing of the billed period. `after` is the account after the closing; the next period pins its plan and
    `catalog`.
    """
    if len(bill.key_items) != bill.billing_period.shards:
        raise Failed("A period that is to be closed was never opened")
    next_period = period_of(after.schedule, bill.billing_period.period.end)
    next_key, place_key = period_key(account.id, next_period), keys.invoice_place(bill.invoice.id)
    found = ctx.tables.get_many([next_key, place_key])
    position = int(found[place_key]["position"]) if place_key in found else None
    following = prepare_next(
        ctx, account, bill, after=after, period=next_period, catalog=catalog, stored=found.get(next_key)
    )
    closed = replace(bill.billing_period, billed=bill.costs.total, carries=following.carries, rules=RATING_RULES)
    issue = issue_invoice(account, bill.invoice, position=position, now=now, at=None, actor=actor)
    closing_cursor = ClosingCursor(next_period, carried_credit=issue.invoice.carried_credit)
    commands = (
        *close_period(account.id, closed, bill.key_items),
        *(
            bill_late(account.id, late.billing_period, late.amount)
            for late in bill.late
            if late.amount or late.is_corrected
        ),
        *((put_costs(account.id, bill.costs, currency=issue.invoice.currency),) if bill.costs.lines else ()),
        *set_corrections(account, bill.left),
        *move_closing_cursor(account, closing_cursor),
        *following.commands,
        *issue.commands,
    )
    return Closing(issue.invoice, closing_cursor, following, commands, issue.change)


def _close(ctx: Context, account: Account, actor: Actor) -> Closing:
    now, account = ctx.clock.now(), with_unpaid(ctx, account)
    bill = bill_period(ctx, account, account.closing_cursor.period, now=now)
    catalog = ctx.catalogs.current(with_plan=account.plan)
    closing = prepare_closing(ctx, account, bill, after=account, catalog=catalog, now=now, actor=actor)
    base_fee_check = check_base_fees(ctx, account, closing.following.opened, now=now)
    ctx.tables.transact([*closing.commands, *base_fee_check, *record(account, closing.change, at=now)])
    return closing


def _has_ended(account: Account, closing_cursor: ClosingCursor, instant: datetime) -> bool:
    return account.status != "deleted" and closing_cursor.period.end <= instant
