"""Mails to strangers: addresses that their user or account has not confirmed.

Each mail to a stranger is counted before it is sent, once however often its delivery is tried: a stranger gets at most
10 a day, of all templates and from all accounts together. No stranger gets links that an account's users typed. Sign-up
confirms no address: the account and its user are strangers until they have used a link from a mail.
Source: docs/events-and-mail.md, "Mail to strangers".
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple

from tallybook.domain.emails import distinct, mailbox
from tallybook.domain.errors import TooManyRequests
from tallybook.domain.outbox import Mail, OutboxItem
from tallybook.domain.strangers import shown_addresses
from tallybook.services.context import Context
from tallybook.services.rate_limits import count_stranger_mail
from tallybook.store import keys, outbox
from tallybook.store.accounts import is_confirmed_account
from tallybook.store.commands import Item
from tallybook.store.users import is_confirmed_user

BOTH_CONFIRMED = frozenset({"email_changed"})
"""The templates whose addresses have just confirmed a link each, although one of them is nobody's by now."""

NOT_COUNTED = frozenset({"password_reset"})
"""The templates that a stranger gets after 10 mails too: the person asked for it, at most 3 times an hour."""


class Recipients(NamedTuple):
    """What is known about a mail's addresses. `suppressed` get none; `known` mailboxes may be shown to strangers."""

    suppressed: frozenset[str] = frozenset()
    strangers: tuple[str, ...] = ()
    known: frozenset[str] = frozenset()


def read_recipients(ctx: Context, mail: Mail, *, account_id: str | None) -> Recipients:
    """In one round trip; two for the users whose address is not confirmed as their account's.

    A mail without an account is judged by the user who signs in with its address.
    """
    to = distinct(mail.to)
    judged = () if mail.template in BOTH_CONFIRMED else to
    login_keys = {address: keys.email(address) for address in distinct((*judged, *shown_addresses(mail.context)))}
    account_keys = [] if account_id is None else [keys.account(account_id)]
    items = ctx.tables.get_many([*map(keys.suppressed, to), *login_keys.values(), *account_keys])
    accounts = [items[key] for key in account_keys if key in items]
    logins = {address: items[key] for address, key in login_keys.items() if key in items}
    own = {address: login for address, login in logins.items() if account_id in (None, login["account_id"])}
    unsure = [address for address in judged if not any(is_confirmed_account(one, address) for one in accounts)]
    users = _confirmed_users(ctx, {address: own[address] for address in unsure if address in own})
    return Recipients(
        suppressed=frozenset(address for address in to if keys.suppressed(address) in items),
        strangers=tuple(address for address in unsure if address not in users),
        known=frozenset(map(mailbox, (*own, *(account["email"] for account in accounts)))),
    )


def count_strangers(
    ctx: Context, item: OutboxItem, mail: Mail, recipients: Recipients
) -> tuple[OutboxItem, tuple[str, ...]]:
    """Count the mail for each stranger; returns the item, and those that have got too many mails today.

    WriteConflict if another delivery has the item.
    """
    refused: list[str] = []
    for address in () if mail.template in NOT_COUNTED else recipients.strangers:
        if address in recipients.suppressed or address in item.counted or address in item.sent:
            continue
        try:
            ctx.tables.transact([outbox.note_counted(item, address), count_stranger_mail(ctx, email=address)])
        except TooManyRequests:
            refused.append(address)
            continue
        item = replace(item, counted=(*item.counted, address))
    return item, tuple(refused)


def _confirmed_users(ctx: Context, logins: Mapping[str, Item]) -> set[str]:
    """Those of these sign-in addresses that their users have confirmed."""
    user_keys = {address: keys.user(login["account_id"], login["user_id"]) for address, login in logins.items()}
    users = ctx.tables.get_many(user_keys.values())
    return {address for address, key in user_keys.items() if key in users and is_confirmed_user(users[key], address)}
