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
from tallybook.domain.cycle import GRACE, Cycle
from tallybook.domain.errors import Failed
from tallybook.domain.invoices import Invoice
from tallybook.domain.periods import Period, period_of
from tallybook.services.billing.bill_period import PeriodBill, bill_period
from tallybook.services.billing.issue_invoice import issue_invoice
from tallybook.services.billing.open_period import opening
from tallybook.services.changes import Change, decided, recorded
from tallybook.services.context import Context
from tallybook.services.lookup import find_account
from tallybook.store import keys
from tallybook.store.commands import Command
from tallybook.store.costs import put_costs
from tallybook.store.cycles import move_cycle
from tallybook.store.periods import bill_late, close_period, fence, open_period, pin_anew


@dataclass(frozen=True, slots=True)
class Closing:
    """A period's closing, worked out: the invoice, where the cycle is then, what writes it and what is recorded."""

    invoice: Invoice
    cycle: Cycle
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
        return _close(ctx, account, actor) if _ended(account, account.cycle, instant) else None

    invoices: list[Invoice] = []
    account = read()
    while closed := decided(ctx, account, close, again=read):
        invoices.append(closed.invoice)
        if not _ended(account, closed.cycle, instant):
            break
        account = read()
    return invoices


def closing(
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
    following = period_of(after.calendar, bill.opened.period.end)
    next_fence, place_key = fence(account.id, following), keys.invoice_place(bill.invoice.id)
    found = ctx.tables.get_many([next_fence, place_key])
    position = int(found[place_key]["position"]) if place_key in found else None
    issue = issue_invoice(account, bill.invoice, position=position, now=now, at=None, actor=actor)
    cycle = Cycle(following, carried=issue.invoice.carried)
    commands = (
        *close_period(account.id, replace(bill.opened, billed=bill.costs.total), bill.fences),
        *(bill_late(account.id, late.opened, late.amount) for late in bill.late),
        *((put_costs(account.id, bill.costs, currency=issue.invoice.currency),) if bill.costs.lines else ()),
        *move_cycle(account, cycle),
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
    return Closing(issue.invoice, cycle, commands, issue.change)


def _close(ctx: Context, account: Account, actor: Actor) -> Closing:
    now = ctx.clock.now()
    bill = bill_period(ctx, account, account.cycle.period, now=now)
    closed = closing(ctx, account, bill, after=account, catalog=ctx.catalogs.current(), now=now, actor=actor)
    ctx.tables.transact([*closed.commands, *recorded(account, closed.change, at=now)])
    return closed


def _open_next(
    ctx: Context, account: Account, period: Period, catalog: Catalog, *, present: bool, anew: bool
) -> tuple[Command, ...]:
    """The next period opened, unless somebody has.

    Where a plan changes at the instant at which it starts, it may be open for the old plan: it is pinned anew.
    """
    opened = opening(ctx, account, period, catalog=catalog)
    if not present:
        return open_period(account, opened)
    return (pin_anew(account.id, opened),) if anew else ()


def _ended(account: Account, cycle: Cycle, instant: datetime) -> bool:
    return account.status != "deleted" and cycle.period.end <= instant
