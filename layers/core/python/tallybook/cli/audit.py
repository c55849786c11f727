"""`tallybook audit`: who changed what of an account."""

import typer

from tallybook.cli.named import account_named
from tallybook.cli.options import AccountArg, AsJson, Limit
from tallybook.cli.rows import audit_row
from tallybook.cli.show import show_list
from tallybook.cli.tables import tables
from tallybook.services.audit_log import audit_entries

app = typer.Typer(add_completion=False, help="Who changed what of an account.")

_COLUMNS = ("number", "created_at", "actor", "action", "target_id", "after")


@app.command()
def audit(account: AccountArg, limit: Limit = 50, as_json: AsJson = False) -> None:
    """Who changed what of an account, newest first."""
    with tables() as ctx:
        found = account_named(ctx, account)
        entries = audit_entries(ctx, found.id, newest=found.counts.audit_count, limit=limit)
    rows = [audit_row(entry) for entry in entries]
    if not as_json:
        rows = [row | {"actor": row["actor"]["id"] or row["actor"]["type"]} for row in rows]
    show_list("entries", rows, _COLUMNS, as_json=as_json)
