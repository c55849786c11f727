"""The account's email, changed once both addresses have said yes by the links that they were sent."""

from collections.abc import Mapping
from datetime import datetime

from tallybook.domain.accounts import Account
from tallybook.domain.audit import Actor
from tallybook.domain.credentials import hash_text
from tallybook.domain.email_change import NO_TOKEN, EmailChange, invalid_token, side_of, taken_since, with_confirmed
from tallybook.domain.events.accounts import account_email_changed
from tallybook.domain.ids import ACCOUNT, USER
from tallybook.domain.outbox import Mail
from tallybook.domain.times import readable
from tallybook.services.changes import Change, record, retry_on_conflict
from tallybook.services.context import Context
from tallybook.services.rate_limits import check_rate
from tallybook.store import keys
from tallybook.store.accounts import read_account, set_account
from tallybook.store.commands import Command, Item
from tallybook.store.email_changes import check_email_free, move_login, read_change, read_token, set_change
from tallybook.store.keys import Key
from tallybook.store.password_tokens import drop_tokens


def confirm_email_change(ctx: Context, *, token: str, address: str) -> EmailChange:
    """The request, confirmed by the address whose link it was; by the second one it is completed.

    Then the account has the new email, and so has the login that equals the old one. Confirmed again, nothing changes.

    Invalid `invalid_token`, after the same work for every token that does not hold; `email_exists` where somebody
    signs in with the new address by now, and then the request waits until it is cleared or expires; TooManyRequests.
    """
    check_rate(ctx, "confirm", address=address)
    found = ctx.tables.get(keys.email_token(hash_text(token)))
    named = NO_TOKEN if found is None else read_token(found)
    own, account_key = keys.email_change(named.account_id), keys.account(named.account_id)
    addresses = keys.email(named.current_email), keys.email(named.new_email)
    actor = Actor("anyone", address=address)

    def read() -> Mapping[Key, Item]:
        return ctx.tables.get_many([own, account_key, *addresses])

    def confirm(items: Mapping[Key, Item]) -> EmailChange:
        now = ctx.clock.now()
        before, side = side_of(read_change(items[own]) if own in items else None, token, now=now)
        account = read_account(items[account_key])
        if account.status == "deleted":
            raise invalid_token()
        if side in before.confirmed:
            return before
        after = with_confirmed(before, side)
        if after.state == "pending":
            commands = _noted(account, before, after, actor=actor, at=now)
        else:
            old, new = (items.get(key) for key in addresses)
            if new is not None:
                raise taken_since()
            login_of = old["user_id"] if old is not None and old["account_id"] == account.id else None
            commands = _changed(account, before, login_of=login_of, actor=actor, at=now)
        ctx.tables.transact([set_change(before, after), *commands])
        return after

    return retry_on_conflict(ctx, confirm, read(), reload=read)


def _noted(
    account: Account, before: EmailChange, after: EmailChange, *, actor: Actor, at: datetime
) -> tuple[Command, ...]:
    noted = Change(
        actor,
        "account.email_change_confirmed",
        ACCOUNT + account.id,
        before={"status": before.status},
        after={"status": after.status, "unconfirmed": after.unconfirmed[0]},
    )
    return record(account, noted, at=at)


def _changed(
    account: Account, change: EmailChange, *, login_of: str | None, actor: Actor, at: datetime
) -> tuple[Command, ...]:
    """The email, and the login that equals it; links to set a password that went to the old address end."""
    changed = Change(
        actor,
        "account.email_changed",
        ACCOUNT + account.id,
        before={"email": change.current_email},
        after={"email": change.new_email, "login_of": login_of and USER + login_of},
        mails=(_notice(account, change, at=readable(at), with_login=login_of is not None),),
        events=(account_email_changed(account, email=change.new_email, login_of=login_of),),
    )
    own = (set_account(account, email=change.new_email), *record(account, changed, at=at))
    if login_of is None:
        return (check_email_free(change.new_email), *own)
    return (*move_login(change, login_of), *drop_tokens(account.id, login_of), *own)


def _notice(account: Account, change: EmailChange, *, at: str, with_login: bool) -> Mail:
    facts = {
        "account": account.display_name or change.new_email,
        "at": at,
        "current_email": change.current_email,
        "new_email": change.new_email,
        "login": change.new_email if with_login else None,
    }
    return Mail("email_changed", (change.current_email, change.new_email), facts)
