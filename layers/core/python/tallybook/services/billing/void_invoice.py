"""Invoices voided, and issued anew: by the operator. Source: money, "Invoices".

A void invoice is owed no more; what the wallet had paid of it goes back there, and a credit that it had taken over is
the next invoice's again. What it billed counts as billed: only a reissue bills it again, with the fee and the tax that
the account's discount and rate give now. Late usage that another invoice holds stays there.
"""

from dataclasses import dataclass, replace

from tallybook.domain.accounts import Account, check_reason
from tallybook.domain.audit import OPERATOR, Actor
from tallybook.domain.billing_period import BillingPeriod
from tallybook.domain.errors import Conflict, NotFound
from tallybook.domain.events.billing import invoice_voided, wallet_moved
from tallybook.domain.fees import fee_for
from tallybook.domain.ids import INVOICE
from tallybook.domain.invoices import Invoice, balance_lines, fee_lines, next_revision_of
from tallybook.services.billing.bill_period import tax_rate_of
from tallybook.services.billing.invoices import find_invoice
from tallybook.services.billing.issue_invoice import audit_snapshot, invoice_mail, issue_invoice, wallet_entry
from tallybook.services.changes import Change, record, retry_on_conflict
from tallybook.services.context import Context
from tallybook.store import keys, ledger
from tallybook.store.accounts import count_overdue, read_account
from tallybook.store.closing_cursors import set_closing_cursor
from tallybook.store.invoices import put_changed, read_invoice
from tallybook.store.periods import period_key, read_billing_period


@dataclass(frozen=True, slots=True)
class _Read:
    account: Account
    invoice: Invoice
    opened: BillingPeriod


def void_invoice(ctx: Context, invoice_id: str, *, reason: str, actor: Actor = OPERATOR) -> Invoice:
    """The invoice, void from now on; unchanged where it is already.

    NotFound for an unknown one; Conflict `invoice_paid`, `not_issued`; Invalid `reason` unless 1 to 1,000 characters.
    """
    check_reason(reason)
    found = find_invoice(ctx, invoice_id)

    def void(read: _Read) -> Invoice:
        if read.invoice.status == "void":
            return read.invoice
        now = ctx.clock.now()
        after = read.invoice.void(at=now, reason=reason)
        refund, given_back = wallet_entry(read.account, read.invoice, "refund", at=now), read.invoice.paid_by_balance
        change = Change(
            actor,
            "invoice.voided",
            INVOICE + after.id,
            before=audit_snapshot(read.invoice),
            after=audit_snapshot(after) | {"reason": reason},
            mails=(invoice_mail("invoice_voided", read.account, after, given_back=given_back),),
            events=(invoice_voided(after, given_back=given_back), *((wallet_moved(refund),) if refund else ())),
        )
        closing_cursor, carried_credit = read.account.closing_cursor, read.invoice.carried_credit_in
        ctx.tables.transact(
            [
                put_changed(read.invoice, after),
                *((count_overdue(read.account, by=-1),) if read.invoice.is_overdue else ()),
                *(
                    (
                        set_closing_cursor(
                            read.account,
                            replace(closing_cursor, carried_credit=closing_cursor.carried_credit + carried_credit),
                        ),
                    )
                    if carried_credit
                    else ()
                ),
                *(ledger.post(read.account, refund) if refund else ()),
                *record(read.account, change, at=now),
            ]
        )
        return after

    return retry_on_conflict(ctx, void, _read(ctx, found), reload=lambda: _read(ctx, found))


def reissue_invoice(ctx: Context, invoice_id: str, *, actor: Actor = OPERATOR) -> Invoice:
    """A void invoice's next revision, issued now or before, whatever has become of it since.

    NotFound for an unknown one; Conflict `not_void` for one that is not void.
    """
    found = find_invoice(ctx, invoice_id)
    if found.status != "void":
        raise Conflict(f"Only a void invoice can be issued anew; this one is {found.status}", code="not_void")

    def reissue(read: _Read) -> Invoice:
        if (already := _successor(ctx, found)) is not None:
            return already
        now = ctx.clock.now()
        draft = _next_revision(ctx, read)
        issue = issue_invoice(read.account, draft, position=None, now=now, at=now, actor=actor)
        closing_cursor = replace(read.account.closing_cursor, carried_credit=issue.invoice.carried_credit)
        ctx.tables.transact(
            [
                set_closing_cursor(read.account, closing_cursor),
                *issue.commands,
                *record(read.account, issue.change, at=now),
            ]
        )
        return issue.invoice

    return retry_on_conflict(ctx, reissue, _read(ctx, found), reload=lambda: _read(ctx, found))


def _next_revision(ctx: Context, read: _Read) -> Invoice:
    """What the void one billed, with the fee and tax as they are for the account now."""
    account, void = read.account, read.invoice
    tax_rate = tax_rate_of(account, ctx.catalogs.version(read.opened.catalog_version))
    fee = fee_for(void.sum_of("subscription"), void.fee_time, discount=account.billing.discount, currency=void.currency)
    lines = [
        *fee_lines(fee, plan_name=void.plan_name, discount=account.billing.discount),
        *(line for line in void.lines if line.type in ("usage", "late_usage")),
    ]
    return Invoice(
        id=next_revision_of(void),
        account_id=account.id,
        revision=void.revision + 1,
        position=0,
        period=void.period,
        plan=void.plan,
        plan_name=void.plan_name,
        currency=void.currency,
        lines=tuple(
            balance_lines(
                lines,
                carried_credit_in=account.closing_cursor.carried_credit,
                tax_rate=tax_rate,
                currency=void.currency,
            )
        ),
        tax_rate=tax_rate,
        fee_time=void.fee_time,
    )


def _successor(ctx: Context, invoice: Invoice) -> Invoice | None:
    try:
        return find_invoice(ctx, next_revision_of(invoice))
    except NotFound:
        return None


def _read(ctx: Context, invoice: Invoice) -> _Read:
    wanted = (
        keys.account(invoice.account_id),
        keys.invoice(invoice.account_id, invoice.position),
        period_key(invoice.account_id, invoice.period),
    )
    items = ctx.tables.get_many(wanted)
    account, stored, opened = (items[key] for key in wanted)
    return _Read(read_account(account), read_invoice(stored), read_billing_period(opened))
