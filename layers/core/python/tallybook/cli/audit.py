"""`tallybook audit`: the audit log of an account."""

import typer

from tallybook.cli.context import operator_context
from tallybook.cli.options import AccountArg, AsJson, Limit
from tallybook.cli.printing import print_list
from tallybook.cli.readable import currency_of, readable_values
from tallybook.cli.resolve import resolve_account
from tallybook.cli.rows import Row, audit_row
from tallybook.services.audit_log import audit_entries, operator_entries
from tallybook.services.context import Context

app = typer.Typer(add_completion=False, help="The audit log of an account.")

_OPERATOR = "operator"
_COLUMNS = ("number", "created_at", "actor", "action", "target_id", "after")


@app.command()
def audit(account: AccountArg, limit: Limit = 50, as_json: AsJson = False) -> None:
    """The audit log of an account: who changed what, newest first.

    `operator` in place of the account is the log of the operator's changes that concern no account.
    """
    with operator_context() as ctx:
        rows = _operator_rows(ctx, limit) if account == _OPERATOR else _account_rows(ctx, account, limit)
        if rows and not as_json:
            currency = currency_of(ctx)
            rows = [_readable(row, currency) for row in rows]
    print_list("entries", rows, _COLUMNS, as_json=as_json, least=("created_at", "target_id"))


def _account_rows(ctx: Context, account: str, limit: int) -> list[Row]:
    found = resolve_account(ctx, account)
    return [audit_row(entry) for entry in audit_entries(ctx, found.id, newest=found.counts.audit_count, limit=limit)]


def _operator_rows(ctx: Context, limit: int) -> list[Row]:
    return [audit_row(entry) | {"number": None, "account_id": None} for entry in operator_entries(ctx, limit=limit)]


def _readable(row: Row, currency: str) -> Row:
    actor = row["actor"]["id"] or row["actor"]["type"]
    return row | {"actor": actor, "after": readable_values(row["after"], currency)}
