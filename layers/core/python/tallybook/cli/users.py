"""`tallybook users`: who signs in, account by account."""

from enum import StrEnum
from typing import Annotated

import typer

from tallybook.cli.context import operator_context
from tallybook.cli.options import AccountArg, AsJson, Limit, OfAccount, Reason, Who
from tallybook.cli.printing import print_list, print_one, print_result
from tallybook.cli.resolve import resolve_account, resolve_user
from tallybook.cli.rows import user_row
from tallybook.domain.accounts import User
from tallybook.domain.ids import USER
from tallybook.services.accounts.operator import invite, resume_user, suspend_user
from tallybook.services.accounts.team import Invitation, all_users

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Users: who signs in.")

_COLUMNS = ("user_id", "email", "display_name", "role", "is_root_user", "status", "has_joined", "created_at")


class Role(StrEnum):
    ADMIN = "admin"
    USER = "user"


@app.command("list")
def list_(account: AccountArg, limit: Limit = 50, as_json: AsJson = False) -> None:
    """An account's users, newest first."""
    with operator_context() as ctx:
        found = all_users(ctx, resolve_account(ctx, account).id)[:limit]
    print_list("users", map(user_row, found), _COLUMNS, as_json=as_json)


@app.command()
def show(who: Who, user: OfAccount = None, as_json: AsJson = False) -> None:
    """One user, with all that is known of them."""
    with operator_context() as ctx:
        _, found = resolve_user(ctx, who, user)
    print_one(user_row(found), as_json=as_json)


@app.command()
def create(  # noqa: PLR0917 the command line names them
    account: AccountArg,
    email: Annotated[str, typer.Argument(help="Whom a mail invites to set a password.")],
    name: Annotated[str | None, typer.Option(help="That person's name.")] = None,
    role: Annotated[Role, typer.Option(help="What the platform lets them do.")] = Role.USER,
    root: Annotated[bool, typer.Option("--root", help="Whether they run the account.")] = False,
    as_json: AsJson = False,
) -> None:
    """Invite a user into an account."""
    with operator_context() as ctx:
        made = invite(ctx, resolve_account(ctx, account).id, Invitation(email, name, role.value, root))
    print_one(user_row(made), as_json=as_json)


@app.command()
def suspend(who: Who, reason: Reason, user: OfAccount = None, as_json: AsJson = False) -> None:
    """Refuse a user everywhere, from now on."""
    with operator_context() as ctx:
        account, found = resolve_user(ctx, who, user)
        after = suspend_user(ctx, account.id, found.id, reason=reason)
    _print_user(after, as_json=as_json)


@app.command()
def resume(who: Who, user: OfAccount = None, as_json: AsJson = False) -> None:
    """Let a suspended or disabled user in again."""
    with operator_context() as ctx:
        account, found = resolve_user(ctx, who, user)
        after = resume_user(ctx, account.id, found.id)
    _print_user(after, as_json=as_json)


def _print_user(user: User, *, as_json: bool) -> None:
    print_result(f"{USER}{user.id} is {user.status}", user_row(user), as_json=as_json)
