"""`tallybook accounts`: list, create, suspend and configure accounts."""

from decimal import Decimal
from enum import StrEnum
from typing import Annotated

import typer

from tallybook.cli.context import operator_context
from tallybook.cli.options import AccountArg, AsJson, Limit, Reason, percent
from tallybook.cli.printing import print_list, print_one, print_result
from tallybook.cli.readable import currency_of, with_money
from tallybook.cli.resolve import resolve_account
from tallybook.cli.rows import Row, account_row, plan_change_row, unreadable_row, user_row
from tallybook.domain.accounts import Account
from tallybook.domain.audit import OPERATOR
from tallybook.domain.ids import ACCOUNT, INVOICE
from tallybook.services.accounts.billing_settings import set_terms
from tallybook.services.accounts.operator import create_account
from tallybook.services.accounts.suspension import NewStatus, set_account_status
from tallybook.services.context import Context
from tallybook.services.lookup import list_accounts
from tallybook.services.subscriptions.change_plan import change_plan
from tallybook.store.unreadable import Unreadable

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Accounts: list, create, suspend, configure.")

_COLUMNS = ("account_id", "email", "display_name", "status", "plan_name", "balance", "users", "created_at")
_LEAST = ("created_at", "users", "display_name", "plan_name")


class Status(StrEnum):
    ACTIVE = "active"
    SUSPENDED = "suspended"
    DELETED = "deleted"


@app.command("list")
def list_(
    status: Annotated[Status | None, typer.Option(help="Only accounts in this status.")] = None,
    limit: Limit = 50,
    as_json: AsJson = False,
) -> None:
    """The newest accounts, newest first."""
    with operator_context() as ctx:
        found = list_accounts(ctx, limit=limit, status=status.value if status else None)
        rows = [_row(each) for each in found]
        if rows and not as_json:
            rows = [with_money(row, ("balance",), currency_of(ctx)) for row in rows]
    print_list("accounts", rows, _COLUMNS, as_json=as_json, least=_LEAST)


@app.command()
def show(account: AccountArg, as_json: AsJson = False) -> None:
    """All fields of one account."""
    with operator_context() as ctx:
        row = _shown(ctx, resolve_account(ctx, account), as_json=as_json)
    print_one(row, as_json=as_json)


@app.command()
def create(
    email: Annotated[str, typer.Argument(help="The account's email address; its root user is invited there.")],
    name: Annotated[str | None, typer.Option(help="The root user's name.")] = None,
    display_name: Annotated[str | None, typer.Option(help="The account's display name.")] = None,
    time_zone: Annotated[str, typer.Option(help="Time zone of the billing periods, like Europe/Berlin.")] = "UTC",
    as_json: AsJson = False,
) -> None:
    """Create an account on the free plan, and invite its root user by mail."""
    with operator_context() as ctx:
        account, root = create_account(ctx, email=email, name=name, display_name=display_name, time_zone=time_zone)
        row = _shown(ctx, account, as_json=as_json) | {"user_id": user_row(root)["user_id"]}
    print_one(row, as_json=as_json)


@app.command()
def suspend(account: AccountArg, reason: Reason, as_json: AsJson = False) -> None:
    """Suspend an account: it can read and pay, but start no sessions."""
    _set_status(account, "suspended", reason, as_json=as_json)


@app.command()
def resume(account: AccountArg, reason: Reason, as_json: AsJson = False) -> None:
    """Lift a suspension."""
    _set_status(account, "active", reason, as_json=as_json)


@app.command("set")
def set_(
    account: AccountArg,
    tax_rate: Annotated[
        Decimal | None, typer.Option(parser=percent, metavar="PERCENT", help="The tax rate, instead of the catalog's.")
    ] = None,
    clear_tax_rate: Annotated[bool, typer.Option("--clear-tax-rate", help="Use the catalog's rate again.")] = False,
    discount: Annotated[
        Decimal | None, typer.Option(parser=percent, metavar="PERCENT", help="The percentage taken off each plan fee.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Set the tax rate or the discount of future bills, in percent."""
    if clear_tax_rate and tax_rate is not None:
        raise typer.BadParameter("--tax-rate and --clear-tax-rate exclude each other")
    sent = {"tax_rate": tax_rate, "discount": discount}
    changes: dict[str, Decimal | None] = {name: value for name, value in sent.items() if value is not None}
    if clear_tax_rate:
        changes["tax_rate"] = None
    if not changes:
        raise typer.BadParameter("--tax-rate, --clear-tax-rate or --discount is needed")
    with operator_context() as ctx:
        after = set_terms(ctx, resolve_account(ctx, account).id, changes, actor=OPERATOR)
    row = account_row(after)
    tax = f"{row['tax_rate']} %" if row["tax_rate"] else "the catalog's"
    print_result(f"{row['account_id']}: tax {tax}, discount {row['discount']} %", row, as_json=as_json)


@app.command()
def plan(
    account: AccountArg,
    plan: Annotated[str, typer.Argument(help="A plan of the catalog, like pro.")],
    retired: Annotated[
        bool, typer.Option("--retired", help="The old plan is discontinued: allocations may exceed the new plan.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Change an account's plan at once, also a suspended one's, without requiring payment.

    The current period is closed and invoiced.
    """
    with operator_context() as ctx:
        found = resolve_account(ctx, account)
        changed = change_plan(
            ctx, found, plan, actor=OPERATOR, must_pay=False, reason="plan_retired" if retired else None
        )
    row = plan_change_row(changed.change)
    print_result(f"{ACCOUNT}{found.id} is on {plan}; {INVOICE}{changed.invoice.id} is issued", row, as_json=as_json)


def _shown(ctx: Context, account: Account, *, as_json: bool) -> Row:
    row = account_row(account)
    return row if as_json else with_money(row, ("balance", "budget_hard_limit"), currency_of(ctx))


def _row(found: Account | Unreadable) -> Row:
    """The status of an account that can't be read is `unreadable`; it does not hide the others."""
    if isinstance(found, Unreadable):
        return unreadable_row(found, _COLUMNS) | {"account_id": ACCOUNT + found.id, "status": "unreadable"}
    return account_row(found)


def _set_status(name: str, status: NewStatus, reason: str, *, as_json: bool) -> None:
    with operator_context() as ctx:
        account = set_account_status(ctx, resolve_account(ctx, name).id, status, reason=reason, actor=OPERATOR)
    print_result(f"{ACCOUNT}{account.id} is {account.status}", account_row(account), as_json=as_json)
