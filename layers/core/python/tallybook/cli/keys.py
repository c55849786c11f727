"""`tallybook keys`: create, list and revoke the API keys of users."""

from datetime import datetime
from typing import Annotated

import typer

from tallybook.cli.context import operator_context
from tallybook.cli.options import AccountArg, AsJson, Limit, UserArg, UserIdArg, cleaned, instant
from tallybook.cli.printing import print_list, print_one, print_result
from tallybook.cli.resolve import resolve_account, resolve_user
from tallybook.cli.rows import key_row
from tallybook.cli.streams import say
from tallybook.domain.ids import API_KEY, strip_prefix
from tallybook.services.accounts.operator import create_key, revoke_key
from tallybook.services.key_lookup import all_keys, find_key

app = typer.Typer(no_args_is_help=True, add_completion=False, help="The API keys of users.")

_COLUMNS = ("api_key_id", "user_id", "name", "hint", "created_at", "expires_at", "last_used_at")
_LEAST = ("created_at", "expires_at", "last_used_at", "user_id")
KeyArg = Annotated[str, typer.Argument(callback=cleaned, help="key-…")]


@app.command("list")
def list_(
    owner: Annotated[
        str, typer.Argument(callback=cleaned, help="An account (acc-…), or the email address of one user.")
    ],
    limit: Limit = 50,
    as_json: AsJson = False,
) -> None:
    """The keys of an account or of one user, newest first."""
    with operator_context() as ctx:
        if "@" in owner:
            account, user = resolve_user(ctx, owner, None)
            found = [key for key in all_keys(ctx, account.id) if key.user_id == user.id]
        else:
            found = all_keys(ctx, resolve_account(ctx, owner).id)
    print_list("api_keys", map(key_row, found[::-1][:limit]), _COLUMNS, as_json=as_json, least=_LEAST)


@app.command()
def show(account: AccountArg, key: KeyArg, as_json: AsJson = False) -> None:
    """One key. Its secret is not stored."""
    with operator_context() as ctx:
        found = find_key(ctx, resolve_account(ctx, account).id, _id(key))
    print_one(key_row(found), as_json=as_json)


@app.command()
def create(
    user: UserArg,
    name: Annotated[str, typer.Option(help="What the key is for.")],
    user_id: UserIdArg = None,
    expires_at: Annotated[
        datetime | None, typer.Option(parser=instant, metavar="TIME", help="When it expires; without it, never.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Create a key of a user, and print its secret. It is not stored and can't be shown again."""
    with operator_context() as ctx:
        account, owner = resolve_user(ctx, user, user_id)
        created = create_key(ctx, account.id, owner.id, name=name, expires_at=expires_at)
    row = key_row(created.key)
    print_result(created.text, row | {"api_key": created.text}, as_json=as_json)
    if not as_json:
        say(f"{row['api_key_id']}, {name}. Keep it now; it is not shown again.")


@app.command()
def revoke(account: AccountArg, key: KeyArg, as_json: AsJson = False) -> None:
    """Revoke a key, at once."""
    with operator_context() as ctx:
        revoked = revoke_key(ctx, resolve_account(ctx, account).id, _id(key))
    print_result(f"{key} is revoked", key_row(revoked), as_json=as_json)


def _id(key: str) -> str:
    return strip_prefix(key, API_KEY, field="key")
