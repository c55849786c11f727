"""`tallybook audit`: the audit log of an account."""

import typer

from tallybook.cli.context import operator_context
from tallybook.cli.options import AccountArg, AsJson, Limit
from tallybook.cli.printing import print_list
from tallybook.cli.readable import currency_of, readable_values
from tallybook.cli.resolve import resolve_account
from tallybook.cli.rows import Row, audit_row
from tallybook.services.audit_log import audit_entries

app = typer.Typer(add_completion=False, help="The audit log of an account.")

_COLUMNS = ("number", "created_at", "actor", "action", "target_id", "after")


@app.command()
def audit(account: AccountArg, limit: Limit = 50, as_json: AsJson = False) -> None:
    """The audit log of an account: who changed what, newest first."""
    with operator_context() as ctx:
        found = resolve_account(ctx, account)
        entries = audit_entries(ctx, found.id, newest=found.counts.audit_count, limit=limit)
        rows = [audit_row(entry) for entry in entries]
        if rows and not as_json:
            currency = currency_of(ctx)
            rows = [_readable(row, currency) for row in rows]
    print_list("entries", rows, _COLUMNS, as_json=as_json, least=("created_at", "target_id"))


def _readable(row: Row, currency: str) -> Row:
    actor = row["actor"]["id"] or row["actor"]["type"]
    return row | {"actor": actor, "after": readable_values(row["after"], currency)}
