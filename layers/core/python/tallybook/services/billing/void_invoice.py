"""Voids an invoice, and reissues a void one, for the operator. Source: docs/money.md, "Invoices".

A void invoice is no longer owed. The wallet gets back what it paid of it, which pays other unpaid invoices, and the
next invoice takes over the carried credit that it contained. Its usage still counts as billed: only a reissue bills it
again, with the fee and tax that follow from the account's current discount and tax rate. Late usage that another
invoice billed stays there.
"""

from dataclasses import dataclass, replace
from functools import partial

from tallybook.domain.accounts import Account, Correction
from tallybook.domain.audit import OPERATOR, Actor
from tallybook.domain.billing_period import BillingPeriod
from tallybook.domain.corrections import after_reissue, after_void
from tallybook.domain.errors import Conflict
from tallybook.domain.events.billing import invoice_voided, wallet_moved
from tallybook.domain.fees import fee_for
from tallybook.domain.ids import INVOICE
from tallybook.domain.invoice_lines import balance_lines, fee_lines
from tallybook.domain.invoices import Invoice, audit_snapshot, next_revision_of
from tallybook.domain.periods import Period
from tallybook.domain.plan_changes import PlanChange
from tallybook.domain.receivables import after_invoice
from tallybook.domain.text_rules import check_line
from tallybook.domain.times import stamp
from tallybook.services.billing.bill_period import tax_rate_of
from tallybook.services.billing.invoice_entries import refund_entry
from tallybook.services.billing.invoices import Place, find_invoice, find_place
from tallybook.services.billing.issue_invoice import invoice_mail, issue_invoice
from tallybook.services.billing.pay_unpaid import pay_unpaid, with_unpaid
from tallybook.services.changes import Change, record, retry_on_conflict
from tallybook.services.context import Context
from tallybook.store import keys, ledger
from tallybook.store.accounts import read_account, set_receivables
from tallybook.store.closing_cursors import set_closing_cursor
from tallybook.store.commands import Command
from tallybook.store.corrections import set_corrections
from tallybook.store.invoices import read_invoice, replace_invoice
from tallybook.store.periods import period_key, read_billing_period
from tallybook.store.plan_changes import read_plan_change, set_plan_change_invoice


def void_invoice(ctx: Context, invoice_id: str, *, reason: str, actor: Actor = OPERATOR) -> Invoice:
    """The invoice, now void; unchanged if it was void before.

    NotFound; Conflict `invoice_paid`, `not_issued`; Invalid `reason` unless 1 to 1,000 characters.
    """
    check_line(reason, field="reason")
    place = find_place(ctx, invoice_id)

    def void(stored: _Stored) -> Invoice:
        before = stored.invoice
        if before.status == "void":
            return find_invoice(ctx, before.id)
        now, account = ctx.clock.now(), with_unpaid(ctx, stored.account)
        after = before.void(at=now, reason=reason)
        refund, refunded = refund_entry(account, before, at=now), before.paid_by_balance
        entries = (refund,) if refund else ()
        account_after = after_invoice(ledger.after_entry(account, refund) if refund else account, before, after)
        payments = pay_unpaid(ctx, account_after, now=now, actor=actor)
        change = Change(
            actor,
            "invoice.voided",
            INVOICE + after.id,
            before=audit_snapshot(before),
            after=audit_snapshot(after) | {"reason": reason},
            mails=(invoice_mail("invoice_voided", account, after, given_back=refunded),),
            events=(invoice_voided(after, given_back=refunded), *((wallet_moved(refund),) if refund else ())),
        )
        commands: list[Command] = [replace_invoice(before, after), *payments.commands]
        commands += set_corrections(account, after_void(account, before).corrections)
        if before.carried_credit_in:
            commands.append(_return_credit(account, before.carried_credit_in))
        commands += ledger.post(account, *entries, *payments.entries)
        commands += [set_receivables(payments.account), *record(account, change, *payments.changes, at=now)]
        ctx.tables.transact(commands)
        return after

    return retry_on_conflict(ctx, void, _read(ctx, place), reload=lambda: _read(ctx, place))


def reissue_invoice(ctx: Context, invoice_id: str, *, actor: Actor = OPERATOR) -> Invoice:
    """The next revision of a void invoice, issued now; if it was reissued before, the revision from then.

    NotFound; Conflict `not_void` for an invoice that is not void.
    """
    place = find_place(ctx, invoice_id)

    def reissue(stored: _Stored) -> Invoice:
        void, now = stored.invoice, ctx.clock.now()
        if void.status != "void":
            raise Conflict(f"Only a void invoice can be reissued; this one is {void.status}", code="not_void")
        billing_period = _read_period_to_reissue(ctx, stored)
        if billing_period is None:
            return find_invoice(ctx, next_revision_of(void))
        account = with_unpaid(ctx, stored.account)
        draft, refund = _draft_next_revision(ctx, account, void, billing_period)
        issue = issue_invoice(account, draft, position=None, now=now, at=now, actor=actor)
        closing_cursor = replace(account.closing_cursor, carried_credit=issue.invoice.carried_credit)
        corrections = after_reissue(account, void).corrections if billing_period.is_void else account.corrections
        ctx.tables.transact(
            [
                set_closing_cursor(account, closing_cursor),
                *issue.commands,
                *set_corrections(account, corrections),
                *_change_plan_history(ctx, account, billing_period, invoice_id=issue.invoice.id, refund=refund),
                *record(account, issue.change, at=now),
            ]
        )
        return issue.invoice

    return retry_on_conflict(ctx, reissue, _read(ctx, place), reload=lambda: _read(ctx, place))


_PAGE = 25


@dataclass(frozen=True, slots=True)
class _Stored:
    """An invoice as it is stored now, with its account."""

    account: Account
    invoice: Invoice


def _read(ctx: Context, place: Place) -> _Stored:
    account_key, invoice_key = keys.account(place.account_id), keys.invoice(place.account_id, place.position)
    items = ctx.tables.get_many([account_key, invoice_key])
    return _Stored(read_account(items[account_key]), read_invoice(items[invoice_key]))


def _read_period_to_reissue(ctx: Context, stored: _Stored) -> BillingPeriod | None:
    """The period of the void invoice, with the account's correction; None if the invoice was reissued before.

    It is read after the account: a closing in between, which moves the correction, makes the reissue a conflict.
    """
    void, corrections = stored.invoice, stored.account.corrections
    next_key, pinned_key = keys.invoice_place(next_revision_of(void)), period_key(void.account_id, void.period)
    items = ctx.tables.get_many([next_key, pinned_key])
    if next_key in items:
        return None
    billing_period = read_billing_period(items[pinned_key])
    return billing_period.corrected(corrections.get(stamp(void.period.start), Correction()))


def _return_credit(account: Account, credit: int) -> Command:
    """Add the carried credit of the voided invoice to that of the next invoice."""
    cursor = account.closing_cursor
    return set_closing_cursor(account, replace(cursor, carried_credit=cursor.carried_credit + credit))


def _change_plan_history(
    ctx: Context, account: Account, billing_period: BillingPeriod, *, invoice_id: str, refund: int
) -> tuple[Command, ...]:
    """If a plan change ended the period, its record names the new revision and its credit."""
    if billing_period.cut_from is None:
        return ()
    change = _find_plan_change(ctx, account, billing_period.period)
    return () if change is None else (set_plan_change_invoice(change, invoice_id=invoice_id, refund=refund),)


def _find_plan_change(ctx: Context, account: Account, ended: Period) -> PlanChange | None:
    """The plan change that ended the period: the changes are read from the newest back to its end."""
    newest = account.counts.plan_change_count
    while newest > 0:
        items = ctx.tables.query_numbered(partial(keys.plan_change, account.id), newest=newest, limit=_PAGE)
        for change in map(read_plan_change, items):
            if change.changed_at <= ended.end:
                return change if change.old_period.start == ended.start else None
        newest -= _PAGE
    return None


def _draft_next_revision(
    ctx: Context, account: Account, void: Invoice, billing_period: BillingPeriod
) -> tuple[Invoice, int]:
    """The usage of the void invoice, with the fee and tax from the account's current discount and tax rate; and the
    credit for the unused part of the fee.
    """
    tax_rate = tax_rate_of(account, ctx.catalogs.version(billing_period.catalog_version))
    carried_credit = account.closing_cursor.carried_credit
    fee = fee_for(void.sum_of("subscription"), void.fee_time, discount=account.billing.discount, currency=void.currency)
    lines = [
        *fee_lines(fee, plan_name=void.plan_name, discount=account.billing.discount),
        *(line for line in void.lines if line.type in ("usage", "late_usage")),
    ]
    invoice = Invoice(
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
    return invoice, fee.proration_credit
