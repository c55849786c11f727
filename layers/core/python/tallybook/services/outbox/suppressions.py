"""Bounces and complaints: whoever can't or won't be reached gets no more mail, until the operator lifts that.

What tells to whom a mail went is put right by its bounce.
"""

from collections.abc import Iterable
from datetime import datetime

from tallybook.domain.errors import NotFound
from tallybook.domain.outbox import distinct
from tallybook.domain.times import parse_instant
from tallybook.services.context import Context
from tallybook.store import keys
from tallybook.store.audit import put_operator_entry
from tallybook.store.budgets import note_bounced
from tallybook.store.suppressions import Reason, lift, suppress


def suppress_addresses(ctx: Context, addresses: Iterable[str], *, reason: Reason) -> int:
    """How many addresses were taken out; the same again changes nothing."""
    at = ctx.clock.now()
    wanted = {address.strip().lower() for address in addresses}
    for address in sorted(wanted):
        ctx.tables.write(suppress(address, reason=reason, at=at))
    return len(wanted)


def note_bounce(ctx: Context, item_id: str, addresses: Iterable[str]) -> None:
    """The mail of this outbox item never reached these; that is told where the account reads of it."""
    item = ctx.tables.get(keys.outbox(item_id))
    if item is None or "messages" not in item["body"]:
        return
    wanted = {address.strip().lower() for address in addresses} & set(distinct(item["body"]["to"]))
    if wanted:
        first, last = (int(number) for number in item["body"]["messages"])
        ctx.tables.transact(note_bounced(item["body"]["account_id"], first, last, addresses=wanted))


def find_suppression(ctx: Context, address: str) -> tuple[Reason, datetime]:
    """Why and since when the address gets no mail. NotFound for one that does."""
    item = ctx.tables.get(keys.suppressed(address.strip().lower()))
    if item is None:
        raise _not_suppressed()
    return item["reason"], parse_instant(item["at"])


def lift_suppression(ctx: Context, address: str) -> None:
    """The address gets mail again; what was skipped meanwhile stays skipped. NotFound for one that does already."""
    address = address.strip().lower()
    now = ctx.clock.now()
    entry = put_operator_entry(ctx.new_id(now), at=now, action="suppression.lifted", target=address, after={})
    ctx.tables.transact([lift(address, refusal=_not_suppressed()), entry])


def _not_suppressed() -> NotFound:
    return NotFound("This address is not suppressed", resource="suppression")
