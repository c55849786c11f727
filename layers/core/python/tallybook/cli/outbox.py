"""`tallybook outbox`: undelivered mails and events, and suppressed addresses."""

from typing import Annotated

import typer

from tallybook.cli.context import operator_context
from tallybook.cli.options import AsJson, Limit, cleaned
from tallybook.cli.printing import print_list, print_one, print_result
from tallybook.cli.rows import Row, outbox_row, unreadable_row
from tallybook.domain.outbox import OutboxItem
from tallybook.domain.times import stamp
from tallybook.services.outbox.deliver import list_outbox, retry, show_outbox_item
from tallybook.services.outbox.suppressions import find_suppression, lift_suppression
from tallybook.store.unreadable import Unreadable

app = typer.Typer(
    no_args_is_help=True, add_completion=False, help="Undelivered mails and events, and suppressed addresses."
)

_COLUMNS = ("id", "kind", "lane", "holds", "account_id", "due", "attempts", "error")
Address = Annotated[str, typer.Argument(callback=cleaned, help="An email address.", metavar="ADDRESS")]
Item = Annotated[str, typer.Argument(callback=cleaned, help="The item's id.", metavar="ID")]


@app.command("list")
def list_(
    parked: Annotated[bool, typer.Option("--parked", help="Items that failed too often and are not retried.")] = False,
    limit: Limit = 50,
    as_json: AsJson = False,
) -> None:
    """Items that wait for delivery, the longest due first."""
    with operator_context() as ctx:
        found = list_outbox(ctx, state="parked" if parked else "waiting", limit=limit)
    print_list("items", map(_row, found), _COLUMNS, as_json=as_json, least=("account_id", "attempts"))


@app.command()
def show(item: Item, as_json: AsJson = False) -> None:
    """One item. Delivered items are kept for 90 days."""
    with operator_context() as ctx:
        found = show_outbox_item(ctx, item)
    print_one(outbox_row(found), as_json=as_json)


@app.command("retry")
def retry_(item: Item, as_json: AsJson = False) -> None:
    """Make an item due now, with its attempts counted from 0. The next sweep delivers it, within 5 minutes."""
    with operator_context() as ctx:
        found = retry(ctx, item)
    print_result(f"{found.id} is due now", outbox_row(found), as_json=as_json)


@app.command()
def suppressed(address: Address, as_json: AsJson = False) -> None:
    """Why an address gets no mail: a permanent bounce or a complaint."""
    with operator_context() as ctx:
        reason, since = find_suppression(ctx, address)
    print_one({"address": address, "reason": reason, "since": stamp(since)}, as_json=as_json)


@app.command()
def lift(address: Address, as_json: AsJson = False) -> None:
    """Let an address get mail again. Skipped mails are not sent later."""
    with operator_context() as ctx:
        lift_suppression(ctx, address)
    print_result(f"{address} gets mail again", {"address": address}, as_json=as_json)


def _row(found: OutboxItem | Unreadable) -> Row:
    """The row of an item that can't be read has its id and the error; it does not hide the others."""
    return unreadable_row(found, _COLUMNS) if isinstance(found, Unreadable) else outbox_row(found)
