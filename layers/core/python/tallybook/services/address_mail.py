"""To whom a waiting mail goes, and what it says: decided when it is written, not when it was caused.

What a letter says of an invoice is read here, and nothing is sent that has ceased to be true.
A link's token is made here, so that it exists in the mail alone and as a hash. A repeated try makes another one, which
takes the place of the first.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from tallybook.domain.accounts import User
from tallybook.domain.credentials import SECRET_BYTES
from tallybook.domain.outbox import Mail, OutboxItem, distinct
from tallybook.domain.passwords import new_token
from tallybook.domain.times import readable
from tallybook.services.context import Context
from tallybook.services.email_letter import email_facts
from tallybook.services.invoice_letter import invoice_facts
from tallybook.store import keys
from tallybook.store.accounts import read_user
from tallybook.store.password_tokens import put_token

PASSWORD_PAGE = "/auth/password/new"  # noqa: S105 a path


@dataclass(frozen=True, slots=True)
class Addressed:
    """`skipped` are addresses that get no mail any more, for they bounced or complained."""

    letter: str
    to: tuple[str, ...]
    facts: Mapping[str, Any]
    skipped: tuple[str, ...] = ()


def address_mail(ctx: Context, item: OutboxItem, *, page_url: str) -> Addressed:
    mail = Mail(**{**item.body, "to": tuple(item.body["to"])})
    to = distinct(mail.to)
    suppressed = ctx.tables.get_many([keys.suppressed(address) for address in to])
    skipped = tuple(address for address in to if keys.suppressed(address) in suppressed)
    wanted = Addressed(mail.letter, tuple(address for address in to if address not in skipped), mail.facts, skipped)
    if not wanted.to:
        return wanted
    if mail.invoice is not None:
        facts = invoice_facts(ctx, mail)
        return replace(wanted, to=()) if facts is None else replace(wanted, facts=facts)
    if mail.email_change is not None:
        linked = email_facts(ctx, mail, page_url=page_url)
        return replace(wanted, to=()) if linked is None else replace(wanted, facts=linked)
    if mail.purpose is None:
        return wanted
    user = _user(ctx, mail)
    if user is None:
        return replace(wanted, to=())
    now = ctx.clock.now()
    token, text = new_token(
        account_id=user.account_id,
        user_id=user.id,
        purpose=mail.purpose,
        now=now,
        secret=ctx.random_bytes(SECRET_BYTES),
    )
    ctx.tables.write(put_token(token))
    link = {"link": f"{page_url}{PASSWORD_PAGE}#{text}", "expires_at": readable(token.expires_at)}
    return replace(wanted, facts={**mail.facts, **link})


def _user(ctx: Context, mail: Mail) -> User | None:
    """Whom the letter is about, if they may still set a password with it."""
    owner: Mapping[str, Any] | None = {"account_id": mail.account_id, "user_id": mail.user_id}
    if mail.user_id is None:
        owner = ctx.tables.get(keys.email(mail.to[0]))
    if owner is None:
        return None
    user_key, account_key = keys.user(owner["account_id"], owner["user_id"]), keys.account(owner["account_id"])
    items = ctx.tables.get_many([user_key, account_key])
    if len(items) < 2 or items[account_key]["status"] == "deleted":
        return None
    user = read_user(items[user_key])
    if user.status != "active" or user.email != mail.to[0]:
        return None
    if mail.purpose == "invitation" and user.password_hash is not None:
        return None
    return user
