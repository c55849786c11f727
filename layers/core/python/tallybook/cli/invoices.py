"""`tallybook invoices`: list and show invoices, run due invoicing, void and reissue."""

import json
from collections.abc import Iterator
from enum import StrEnum
from itertools import islice
from typing import Annotated

import typer

from tallybook.cli.context import operator_context
from tallybook.cli.due_work import Summary
from tallybook.cli.options import AccountArg, AsJson, Limit, Reason, cleaned
from tallybook.cli.printing import print_list, print_one, print_result
from tallybook.cli.progress import progress_bar
from tallybook.cli.readable import invoice_line_rows, readable_invoice
from tallybook.cli.resolve import resolve_account
from tallybook.cli.rows import invoice_row
from tallybook.cli.streams import write
from tallybook.domain.accounts import Account
from tallybook.domain.audit import OPERATOR
from tallybook.domain.ids import INVOICE, strip_prefix
from tallybook.domain.invoices import Invoice
from tallybook.domain.jobs import INVOICES
from tallybook.services.billing.invoices import find_invoice, list_invoices
from tallybook.services.billing.void_invoice import reissue_invoice, void_invoice
from tallybook.services.context import Context
from tallybook.services.jobs.due_tasks import due_tasks
from tallybook.services.jobs.invoicing import run_tasks

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Invoices: list, show, run what is due, void.")

_COLUMNS = ("invoice_id", "invoice_number", "status", "period_start", "total_amount", "amount_due", "due_date")
_LEAST = ("due_date", "period_start", "amount_due")
_LINES = ("type", "description", "quantity", "amount")
_PAGE = 100
InvoiceArg = Annotated[str, typer.Argument(callback=cleaned, help="inv-…", metavar="INVOICE")]


class Status(StrEnum):
    DRAFT = "draft"
    OPEN = "open"
    PAID = "paid"
    OVERDUE = "overdue"
    UNCOLLECTIBLE = "uncollectible"
    VOID = "void"


@app.command("list")
def list_(
    account: AccountArg,
    status: Annotated[Status | None, typer.Option(help="Only invoices in this status.")] = None,
    limit: Limit = 50,
    as_json: AsJson = False,
) -> None:
    """An account's invoices and drafts, newest first."""
    with operator_context() as ctx:
        invoices = _all_invoices(ctx, resolve_account(ctx, account))
        found = list(islice((one for one in invoices if status in (None, one.status)), limit))
    print_list(
        "invoices", map(invoice_row if as_json else readable_invoice, found), _COLUMNS, as_json=as_json, least=_LEAST
    )


@app.command()
def show(invoice: InvoiceArg, as_json: AsJson = False) -> None:
    """One invoice with its lines and their details."""
    with operator_context() as ctx:
        found = find_invoice(ctx, _id(invoice))
    if as_json:
        print_one(invoice_row(found), as_json=True)
        return
    print_one({name: value for name, value in readable_invoice(found).items() if name != "line_items"}, as_json=False)
    write("")
    print_list("line_items", invoice_line_rows(found), _LINES, as_json=False)


@app.command()
def run(
    account: Annotated[str | None, typer.Option(callback=cleaned, help="Only this account.", metavar="ACCOUNT")] = None,
    as_json: AsJson = False,
) -> None:
    """Run now what is due at the next full hour: close ended periods, and mark invoices overdue.

    The exit code is 0 if nothing failed, else 1.
    """
    summary = Summary()
    with operator_context() as ctx:
        only = resolve_account(ctx, account).id if account else None
        tasks = [task for task in due_tasks(ctx, INVOICES) if only in (None, task.account_id)]
        outcomes = run_tasks(ctx, tasks, actor=OPERATOR)
        with progress_bar() as progress:
            for done in progress.track(outcomes, total=len(tasks), description="Invoicing"):
                summary.add(done)
    write(json.dumps(summary.as_json(), allow_nan=False) if as_json else str(summary))
    if summary.failures:
        raise typer.Exit(1)


@app.command()
def void(
    invoice: InvoiceArg,
    reason: Reason,
    reissue: Annotated[bool, typer.Option("--reissue", help="Issue it again with the current terms.")] = False,
    as_json: AsJson = False,
) -> None:
    """Void an unpaid invoice. Repeating the command changes nothing and issues nothing again."""
    with operator_context() as ctx:
        voided = void_invoice(ctx, _id(invoice), reason=reason)
        reissued = reissue_invoice(ctx, voided.id) if reissue else None
        voided = find_invoice(ctx, voided.id) if reissued else voided
    sentence = f"{INVOICE}{voided.id} is void"
    if reissued:
        sentence += f"; {INVOICE}{reissued.id}, number {reissued.number}, replaces it"
    row = invoice_row(voided) | {"reissued": invoice_row(reissued) if reissued else None}
    print_result(sentence, row, as_json=as_json)


def _all_invoices(ctx: Context, account: Account) -> Iterator[Invoice]:
    for offset in range(0, account.counts.invoice_count, _PAGE):
        yield from list_invoices(ctx, account, offset=offset, limit=_PAGE)


def _id(text: str) -> str:
    return strip_prefix(text, INVOICE, field="invoice")
