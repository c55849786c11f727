"""Voids an invoice, and reissues a void one, for the operator. Source: docs/money.md, "Invoices".

A void invoice is owed no more. What the wallet had paid of it goes back there, and a credit that it had taken over goes
to the next invoice. Its usage still counts as billed: only a reissue bills it again, with the fee and tax that follow
from the account's current discount and tax rate. Late usage that another invoice billed stays on that one.
"""

from dataclasses import dataclass, replace

from tallybook.domain.accounts import Account
from tallybook.domain.audit import OPERATOR, Actor
from tallybook.domain.billing_period import BillingPeriod
from tallybook.domain.errors import Conflict, NotFound
from tallybook.domain.events.billing import invoice_voided, wallet_moved
from tallybook.domain.fees import fee_for
from tallybook.domain.ids import INVOICE
from tallybook.domain.invoice_lines import balance_lines, fee_lines
from tallybook.domain.invoices import Invoice, next_revision_of
from tallybook.domain.text_rules import check_reason
from tallybook.services.billing.bill_period import tax_rate_of
from tallybook.services.billing.invoices import find_invoice
from tallybook.services.billing.issue_invoice import audit_snapshot, invoice_mail, issue_invoice, wallet_entry
from tallybook.services.changes import Change, record, retry_on_conflict
from tallybook.services.context import Context
from tallybook.store import keys, ledger
from tallybook.store.accounts import count_overdue, read_account
from tallybook.store.closing_cursors import set_closing_cursor
from tallybook.store.commands import Command
from tallybook.store.invoices import read_invoice, replace_invoice
from tallybook.store.periods import period_key, read_billing_period


def void_invoice(ctx: Context, invoice_id: str, *, reason: str, actor: Actor = OPERATOR) -> Invoice:
    """The invoice, now void; unchanged where it was void before.

    NotFound for an unknown one; Conflict `invoice_paid`, `not_issued`; Invalid `reason` unless 1 to 1,000 characters.
    """
    check_reason(reason)
    found = find_invoice(ctx, invoice_id)

    def void(stored: _Stored) -> Invoice:
        account, before = stored.account, stored.invoice
        if before.status == "void":
            return before
        now = ctx.clock.now()
        after = before.void(at=now, reason=reason)
        refund, given_back = wallet_entry(account, before, "refund", at=now), before.paid_by_balance
        change = Change(
            actor,
            "invoice.voided",
            INVOICE + after.id,
            before=audit_snapshot(before),
            after=audit_snapshot(after) | {"reason": reason},
            mails=(invoice_mail("invoice_voided", account, after, given_back=given_back),),
            events=(invoice_voided(after, given_back=given_back), *((wallet_moved(refund),) if refund else ())),
        )
        commands: list[Command] = [replace_invoice(before, after)]
        if before.is_overdue:
            commands.append(count_overdue(account, by=-1))
        if before.carried_credit_in:
            commands.append(_return_credit(account, before.carried_credit_in))
        if refund:
            commands += ledger.post(account, refund)
        ctx.tables.transact([*commands, *record(account, change, at=now)])
        return after

    return retry_on_conflict(ctx, void, _read(ctx, found), reload=lambda: _read(ctx, found))


def reissue_invoice(ctx: Context, invoice_id: str, *, actor: Actor = OPERATOR) -> Invoice:
    """The next revision of a void invoice, issued now; the same as before, whatever its status, where it was reissued.

    NotFound for an unknown one; Conflict `not_void` for one that is not void.
    """
    found = find_invoice(ctx, invoice_id)
    if found.status != "void":
        raise Conflict(f"Only a void invoice can be reissued; this one is {found.status}", code="not_void")

    def reissue(stored: _Stored) -> Invoice:
        if (present := _find_next_revision(ctx, found)) is not None:
            return present
        account, now = stored.account, ctx.clock.now()
        draft = _draft_next_revision(ctx, stored)
        issue = issue_invoice(account, draft, position=None, now=now, at=now, actor=actor)
        closing_cursor = replace(account.closing_cursor, carried_credit=issue.invoice.carried_credit)
        ctx.tables.transact(
            [
                set_closing_cursor(account, closing_cursor),
                *issue.commands,
                *record(account, issue.change, at=now),
            ]
        )
        return issue.invoice

    return retry_on_conflict(ctx, reissue, _read(ctx, found), reload=lambda: _read(ctx, found))


@dataclass(frozen=True, slots=True)
class _Stored:
    """An invoice as it is stored now, with its account and its period."""

    account: Account
    invoice: Invoice
    billing_period: BillingPeriod


def _read(ctx: Context, invoice: Invoice) -> _Stored:
    item_keys = (
        keys.account(invoice.account_id),
        keys.invoice(invoice.account_id, invoice.position),
        period_key(invoice.account_id, invoice.period),
    )
    items = ctx.tables.get_many(item_keys)
    account, present, pinned = (items[key] for key in item_keys)
    return _Stored(read_account(account), read_invoice(present), read_billing_period(pinned))


def _return_credit(account: Account, credit: int) -> Command:
    """Adds the credit that a voided invoice had taken over to what the next invoice takes over."""
    cursor = account.closing_cursor
    return set_closing_cursor(account, replace(cursor, carried_credit=cursor.carried_credit + credit))


def _draft_next_revision(ctx: Context, stored: _Stored) -> Invoice:
    """What the void invoice billed, with the fee and the tax of the account as it is now."""
    account, void = stored.account, stored.invoice
    tax_rate = tax_rate_of(account, ctx.catalogs.version(stored.billing_period.catalog_version))
    carried_credit = account.closing_cursor.carried_credit
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
        lines=tuple(balance_lines(lines, carried_credit_in=carried_credit, tax_rate=tax_rate, currency=void.currency)),
        tax_rate=tax_rate,
        fee_time=void.fee_time,
    )


def _find_next_revision(ctx: Context, invoice: Invoice) -> Invoice | None:
    try:
        return find_invoice(ctx, next_revision_of(invoice))
    except NotFound:
        return None
