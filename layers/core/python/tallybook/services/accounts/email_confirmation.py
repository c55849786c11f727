"""The account's email changes once both addresses have confirmed the request with the links in their mails."""

from collections.abc import Mapping
from datetime import datetime

from tallybook.domain.accounts import Account
from tallybook.domain.audit import Actor
from tallybook.domain.credentials import hash_text
from tallybook.domain.email_change import (
    UNKNOWN_TOKEN,
    EmailChange,
    Side,
    confirm_side,
    confirming_side,
    email_taken_since,
    invalid_token,
)
from tallybook.domain.events.accounts import account_email_changed
from tallybook.domain.ids import ACCOUNT, USER
from tallybook.domain.outbox import Mail
from tallybook.domain.times import readable
from tallybook.services.changes import Change, record, retry_on_conflict
from tallybook.services.context import Context
from tallybook.services.rate_limits import check_rate
from tallybook.store import keys
from tallybook.store.accounts import confirm_account_email, read_account, set_account
from tallybook.store.commands import Command, Item
from tallybook.store.email_changes import check_email_free, move_login, read_change, read_token, set_change
from tallybook.store.keys import Key
from tallybook.store.password_tokens import delete_tokens


def confirm_email_change(ctx: Context, *, token: str, address: str) -> EmailChange:
    """Confirm the request for the address whose token this is; the second confirmation completes it.

    Completing sets the account's email; a user of the account who signs in with the old email signs in with the new one
    from then on. A repeated confirmation changes nothing.

    Invalid `invalid_token`, which costs the same for every invalid token; Invalid `email_exists` if somebody already
    signs in with the new email: the request stays pending until it is cleared or expires. TooManyRequests.
    """
    check_rate(ctx, "confirm", address=address)
    found = ctx.tables.get(keys.email_token(hash_text(token)))
    stored = UNKNOWN_TOKEN if found is None else read_token(found)
    request_key, account_key = keys.email_change(stored.account_id), keys.account(stored.account_id)
    login_keys = keys.email(stored.current_email), keys.email(stored.new_email)
    actor = Actor("anyone", address=address)

    def read() -> Mapping[Key, Item]:
        return ctx.tables.get_many([request_key, account_key, *login_keys])

    def confirm(items: Mapping[Key, Item]) -> EmailChange:
        now = ctx.clock.now()
        request = read_change(items[request_key]) if request_key in items else None
        before, side = confirming_side(request, token, now=now)
        account = read_account(items[account_key])
        if account.status == "deleted":
            raise invalid_token()
        if side in before.confirmed:
            return before
        after = confirm_side(before, side)
        if after.state == "pending":
            commands = _confirm_commands(account, before, after, side, actor=actor, at=now)
        else:
            old, new = (items.get(key) for key in login_keys)
            if new is not None:
                raise email_taken_since()
            login_of = old["user_id"] if old is not None and old["account_id"] == account.id else None
            commands = _change_email_commands(account, before, login_of=login_of, actor=actor, at=now)
        ctx.tables.transact([set_change(before, after), *commands])
        return after

    return retry_on_conflict(ctx, confirm, read(), reload=read)


def _confirm_commands(
    account: Account, before: EmailChange, after: EmailChange, side: Side, *, actor: Actor, at: datetime
) -> tuple[Command, ...]:
    change = Change(
        actor,
        "account.email_change_confirmed",
        ACCOUNT + account.id,
        before={"status": before.status},
        after={"status": after.status, "unconfirmed": after.unconfirmed[0]},
    )
    confirmed = (confirm_account_email(account),) if side == "current" and account.email_unconfirmed else ()
    return (*confirmed, *record(account, change, at=at))


def _change_email_commands(
    account: Account, change: EmailChange, *, login_of: str | None, actor: Actor, at: datetime
) -> tuple[Command, ...]:
    """Change the account's email.

    If a user of the account signs in with it (`login_of`), move their login too, and delete their password tokens,
    which went to the old address.
    """
    audited = Change(
        actor,
        "account.email_changed",
        ACCOUNT + account.id,
        before={"email": change.current_email},
        after={"email": change.new_email, "login_of": login_of and USER + login_of},
        mails=(_mail(account, change, at=readable(at), with_login=login_of is not None),),
        events=(account_email_changed(account, email=change.new_email, login_of=login_of),),
    )
    moved = set_account(account, email=change.new_email, email_unconfirmed=None)
    commands = (moved, *record(account, audited, at=at))
    if login_of is None:
        return (check_email_free(change.new_email), *commands)
    return (*move_login(change, login_of), *delete_tokens(account.id, login_of), *commands)


def _mail(account: Account, change: EmailChange, *, at: str, with_login: bool) -> Mail:
    context = {
        "account": account.display_name or change.new_email,
        "at": at,
        "current_email": change.current_email,
        "new_email": change.new_email,
        "login": change.new_email if with_login else None,
    }
    return Mail("email_changed", (change.current_email, change.new_email), context)
