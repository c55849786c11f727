"""Mails to strangers: addresses that no user of the account has confirmed.

Each mail to an address that somebody entered is counted before it is sent, once however often its delivery is tried:
such a stranger gets at most 10 a day, from all accounts together. No stranger gets links that an account's users typed,
nor does the account or a user who signed up, until they have used a link from a mail: sign-up confirms no address.
Source: docs/events-and-mail.md, "Mail to strangers".
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from tallybook.domain.emails import distinct, mailbox
from tallybook.domain.errors import TooManyRequests
from tallybook.domain.outbox import Mail, OutboxItem
from tallybook.domain.strangers import shown_addresses, without_links
from tallybook.services.context import Context
from tallybook.services.rate_limits import count_stranger_mail
from tallybook.store import keys, outbox
from tallybook.store.commands import Item
from tallybook.store.keys import Key
from tallybook.store.users import is_confirmed, read_user

ENTERED = frozenset({"welcome", "invitation", "email_change_new"})
"""The templates whose address somebody has just entered: it is not confirmed yet, even if it is a user's."""

WITH_OTHERS = frozenset({"budget_reached"})
"""The templates that go to the account's address first, and then to others, which may be strangers."""

CONFIRMED = frozenset({"email_changed"})
"""The templates whose addresses have just confirmed a link each."""


class Strangers(NamedTuple):
    """The strangers among a mail's addresses, and the account's own addresses, which they may be shown."""

    addresses: tuple[str, ...]
    known: frozenset[str]


NOBODY = Strangers((), frozenset())


def find_strangers(ctx: Context, mail: Mail, *, account_id: str | None) -> Strangers:
    """Reads nothing for a mail that only goes to the account and its users."""
    addresses = distinct(mail.to)
    candidates = addresses if mail.template in ENTERED else addresses[1:] if mail.template in WITH_OTHERS else ()
    if not candidates:
        return NOBODY
    shown, looked_up = shown_addresses(mail.context), candidates if mail.template in WITH_OTHERS else ()
    if account_id is None or not (shown or looked_up):
        return Strangers(candidates, frozenset())
    account_key = keys.account(account_id)
    items = ctx.tables.get_many([account_key, *map(keys.email, distinct((*shown, *looked_up)))])
    logins = {key: item for key, item in items.items() if key != account_key and item["account_id"] == account_id}
    own = {address for address in shown if keys.email(address) in logins}
    own |= {items[account_key]["email"]} if account_key in items else set()
    users = _confirmed_users(ctx, [logins[key] for key in map(keys.email, looked_up) if key in logins])
    return Strangers(tuple(address for address in candidates if mailbox(address) not in users), frozenset(own))


def add_unconfirmed(
    ctx: Context, mail: Mail, context: Mapping[str, Any], strangers: Strangers, *, account_id: str | None
) -> Strangers:
    """With the other recipients who never confirmed their address; reads nothing if they are shown no typed link."""
    others = [address for address in distinct(mail.to) if address not in strangers.addresses]
    if mail.template in CONFIRMED or not any(without_links(context, known=(one,)) != context for one in others):
        return strangers
    shown = shown_addresses(context)
    account_keys = [] if account_id is None else [keys.account(account_id)]
    login_keys = {address: keys.email(address) for address in distinct((*others, *shown))}
    items = ctx.tables.get_many([*account_keys, *login_keys.values()])
    logins = {address: items[key] for address, key in login_keys.items() if key in items}
    own = {address: login for address, login in logins.items() if account_id in (None, login["account_id"])}
    account = next((items[key] for key in account_keys if key in items), {})
    confirmed = _confirmed_addresses(ctx, {address: own[address] for address in others if address in own})
    confirmed |= {address for address in others if is_confirmed(account, address)}
    return Strangers(
        (*strangers.addresses, *(address for address in others if address not in confirmed)),
        strangers.known | {address for address in shown if address in own or address == account.get("email")},
    )


def count_strangers(ctx: Context, item: OutboxItem, strangers: Sequence[str]) -> tuple[OutboxItem, tuple[str, ...]]:
    """Count the mail for each stranger; returns the item, and those that have got too many mails today.

    WriteConflict if another delivery has the item.
    """
    refused: list[str] = []
    for address in strangers:
        if address in item.counted or address in item.sent:
            continue
        try:
            ctx.tables.transact([outbox.note_counted(item, address), count_stranger_mail(ctx, email=address)])
        except TooManyRequests:
            refused.append(address)
            continue
        item = replace(item, counted=(*item.counted, address))
    return item, tuple(refused)


def _confirmed_users(ctx: Context, logins: Sequence[Item]) -> set[str]:
    """The mailboxes of these users, without those who were only invited: they have not set a password."""
    user_keys: list[Key] = [keys.user(login["account_id"], login["user_id"]) for login in logins]
    users = map(read_user, ctx.tables.get_many(user_keys).values())
    return {mailbox(user.email) for user in users if user.status != "deleted" and user.password_hash is not None}


def _confirmed_addresses(ctx: Context, logins: Mapping[str, Item]) -> set[str]:
    """Those of these sign-in addresses at which their users have used a link."""
    user_keys = {address: keys.user(login["account_id"], login["user_id"]) for address, login in logins.items()}
    users = ctx.tables.get_many(user_keys.values())
    return {address for address, key in user_keys.items() if key in users and is_confirmed(users[key], address)}
