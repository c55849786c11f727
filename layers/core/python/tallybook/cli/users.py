"""`tallybook users`: list, invite, suspend and resume the users of an account."""

from enum import StrEnum
from typing import Annotated

import typer

from tallybook.cli.context import operator_context
from tallybook.cli.options import AccountArg, AsJson, Limit, Reason, UserArg, UserIdArg
from tallybook.cli.printing import print_list, print_one, print_result
from tallybook.cli.resolve import resolve_account, resolve_user
from tallybook.cli.rows import user_row
from tallybook.domain.accounts import User
from tallybook.domain.ids import USER
from tallybook.services.accounts.invitations import Invitation
from tallybook.services.accounts.operator import invite, resume_user, suspend_user
from tallybook.services.lookup import all_users

app = typer.Typer(no_args_is_help=True, add_completion=False, help="The users of an account: list, invite, suspend.")

_COLUMNS = ("user_id", "email", "display_name", "role", "is_root_user", "status", "has_joined", "created_at")
_LEAST = ("created_at", "role", "has_joined", "display_name")


class Role(StrEnum):
    ADMIN = "admin"
    USER = "user"


@app.command("list")
def list_(account: AccountArg, limit: Limit = 50, as_json: AsJson = False) -> None:
    """An account's users, newest first."""
    with operator_context() as ctx:
        found = all_users(ctx, resolve_account(ctx, account).id)[:limit]
    print_list("users", map(user_row, found), _COLUMNS, as_json=as_json, least=_LEAST)


@app.command()
def show(user: UserArg, user_id: UserIdArg = None, as_json: AsJson = False) -> None:
    """All fields of one user."""
    with operator_context() as ctx:
        _, found = resolve_user(ctx, user, user_id)
    print_one(user_row(found), as_json=as_json)


@app.command()
def create(  # noqa: PLR0917 the command line names them
    account: AccountArg,
    email: Annotated[str, typer.Argument(help="The address that gets the invitation.")],
    name: Annotated[str | None, typer.Option(help="The user's name.")] = None,
    role: Annotated[Role, typer.Option(help="The user's role on the platform.")] = Role.USER,
    root: Annotated[bool, typer.Option("--root", help="Make the user a root user, who manages the account.")] = False,
    as_json: AsJson = False,
) -> None:
    """Invite a user to an account by mail."""
    with operator_context() as ctx:
        invited = invite(ctx, resolve_account(ctx, account).id, Invitation(email, name, role.value, root))
    print_one(user_row(invited), as_json=as_json)


@app.command()
def suspend(user: UserArg, reason: Reason, user_id: UserIdArg = None, as_json: AsJson = False) -> None:
    """Suspend a user: all their requests are refused."""
    with operator_context() as ctx:
        account, found = resolve_user(ctx, user, user_id)
        after = suspend_user(ctx, account.id, found.id, reason=reason)
    _print_user(after, as_json=as_json)


@app.command()
def resume(user: UserArg, user_id: UserIdArg = None, as_json: AsJson = False) -> None:
    """Resume a suspended or disabled user."""
    with operator_context() as ctx:
        account, found = resolve_user(ctx, user, user_id)
        after = resume_user(ctx, account.id, found.id)
    _print_user(after, as_json=as_json)


def _print_user(user: User, *, as_json: bool) -> None:
    print_result(f"{USER}{user.id} is {user.status}", user_row(user), as_json=as_json)
