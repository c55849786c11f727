"""To whom a waiting mail goes, and what it says: decided when it is written, not when it was caused.

What a letter says of an invoice is read here, and nothing is sent that has ceased to be true.
A link's token is made then, so that it exists in the mail alone and as a hash. A repeated try makes another one, which
takes the place of the first.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from tallybook.domain.outbox import Mail, OutboxItem, distinct
from tallybook.services.context import Context
from tallybook.services.outbox.account_contexts import email_facts
from tallybook.services.outbox.billing_contexts import invoice_facts
from tallybook.services.outbox.identity_contexts import password_facts
from tallybook.store import keys


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
    if mail.purpose is not None:
        linked = password_facts(ctx, mail, mail.purpose, page_url=page_url)
        return replace(wanted, to=()) if linked is None else replace(wanted, facts=linked)
    return wanted
