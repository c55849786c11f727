"""Bounces and complaints: whoever can't or won't be reached gets no more mail, until the operator lifts that."""

from collections.abc import Iterable
from datetime import datetime

from tallybook.domain.errors import NotFound
from tallybook.domain.times import parse_instant
from tallybook.services.context import Context
from tallybook.store import keys
from tallybook.store.audit import put_operator_entry
from tallybook.store.suppressions import Reason, lift, suppress


def suppress_addresses(ctx: Context, addresses: Iterable[str], *, reason: Reason) -> int:
    """How many addresses were taken out; the same again changes nothing."""
    at = ctx.clock.now()
    wanted = {address.strip().lower() for address in addresses}
    for address in sorted(wanted):
        ctx.tables.write(suppress(address, reason=reason, at=at))
    return len(wanted)


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
