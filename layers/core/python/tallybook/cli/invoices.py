"""`tallybook invoices`: what accounts were billed, what is due to be done about it, and what was billed wrongly."""

import json
from collections.abc import Iterator
from enum import StrEnum
from itertools import islice
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress

from tallybook.cli.due_work import Summary
from tallybook.cli.named import account_named
from tallybook.cli.options import AccountArg, AsJson, Limit, Reason
from tallybook.cli.rows import invoice_line_rows, invoice_row, readable_invoice
from tallybook.cli.show import print_result, show_list, show_one
from tallybook.cli.tables import tables
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

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Invoices: what accounts were billed.")

_COLUMNS = ("invoice_id", "invoice_number", "status", "period_start", "total_amount", "amount_due", "due_date")
_LINES = ("type", "description", "quantity", "amount")
_PAGE = 100
Which = Annotated[str, typer.Argument(help="inv-….", metavar="INVOICE")]


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
    status: Annotated[Status | None, typer.Option(help="Only those that are.")] = None,
    limit: Limit = 50,
    as_json: AsJson = False,
) -> None:
    """An account's invoices and drafts, newest first."""
    with tables() as ctx:
        every = _every(ctx, account_named(ctx, account))
        found = list(islice((one for one in every if status in (None, one.status)), limit))
    show_list("invoices", map(invoice_row if as_json else readable_invoice, found), _COLUMNS, as_json=as_json)


@app.command()
def show(invoice: Which, as_json: AsJson = False) -> None:
    """One invoice, with its lines and what they are made of."""
    with tables() as ctx:
        found = find_invoice(ctx, _id(invoice))
    if as_json:
        show_one(invoice_row(found), as_json=True)
        return
    show_one({name: value for name, value in readable_invoice(found).items() if name != "line_items"}, as_json=False)
    typer.echo()
    show_list("line_items", invoice_line_rows(found), _LINES, as_json=False)


@app.command()
def run(
    account: Annotated[str | None, typer.Option(help="Only of this one.", metavar="ACCOUNT")] = None,
    as_json: AsJson = False,
) -> None:
    """Do here and now what the next full hour would: close the periods that have ended, mark what is overdue.

    Exit 0 if nothing failed, else 1.
    """
    console, summary = Console(stderr=True), Summary()
    with tables() as ctx:
        only = account_named(ctx, account).id if account else None
        tasks = [task for task in due_tasks(ctx, INVOICES) if only in (None, task.account_id)]
        outcomes = run_tasks(ctx, tasks, actor=OPERATOR)
        with Progress(console=console, disable=not console.is_terminal, transient=True) as progress:
            for done in progress.track(outcomes, total=len(tasks), description="Invoicing"):
                summary.add(done)
    typer.echo(json.dumps(summary.as_json()) if as_json else str(summary))
    if summary.failures:
        raise typer.Exit(1)


@app.command()
def void(
    invoice: Which,
    reason: Reason,
    reissue: Annotated[bool, typer.Option("--reissue", help="Issue it anew, as the account is set now.")] = False,
    as_json: AsJson = False,
) -> None:
    """Let an unpaid invoice be owed no more. A second time changes nothing, and issues nothing a second time."""
    with tables() as ctx:
        voided = void_invoice(ctx, _id(invoice), reason=reason)
        anew = reissue_invoice(ctx, voided.id) if reissue else None
    sentence = f"{INVOICE}{voided.id} is void"
    if anew:
        sentence += f"; {INVOICE}{anew.id}, number {anew.number}, is in its place"
    print_result(sentence, invoice_row(voided) | {"reissued": invoice_row(anew) if anew else None}, as_json=as_json)


def _every(ctx: Context, account: Account) -> Iterator[Invoice]:
    for offset in range(0, account.counts.invoice_count, _PAGE):
        yield from list_invoices(ctx, account, offset=offset, limit=_PAGE)


def _id(text: str) -> str:
    return strip_prefix(text, INVOICE, field="invoice")
