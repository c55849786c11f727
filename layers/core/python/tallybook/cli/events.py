"""`tallybook events`: show a counted usage event."""

from typing import Annotated

import typer

from tallybook.cli.context import operator_context
from tallybook.cli.options import AsJson
from tallybook.cli.printing import print_one
from tallybook.cli.readable import currency_of, with_money
from tallybook.cli.rows import event_row
from tallybook.services.metering.find_event import find_event

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Usage events that were counted.")


@app.callback()
def events() -> None:
    """Usage events that were counted."""


@app.command()
def show(
    source: Annotated[str, typer.Argument(help="The event's source.", metavar="SOURCE")],
    id: Annotated[str, typer.Argument(help="The event's id.", metavar="ID")],
    as_json: AsJson = False,
) -> None:
    """How an event was counted: when, sent by which key, in which period, at which price, and what the wallet paid.

    An event is known for 36 days after it was counted.
    """
    with operator_context() as ctx:
        row = event_row(find_event(ctx, source=source, id=id))
        if row["amount"] is not None and not as_json:
            row = with_money(row, ("amount",), currency_of(ctx))
    print_one(row, as_json=as_json)
