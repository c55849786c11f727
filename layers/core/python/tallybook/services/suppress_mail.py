"""Bounces and complaints: whoever can't or won't be reached gets no more mail."""

from collections.abc import Iterable
from typing import Literal

from tallybook.services.context import Context
from tallybook.store.suppressions import suppress


def suppress_addresses(ctx: Context, addresses: Iterable[str], *, reason: Literal["bounce", "complaint"]) -> int:
    """How many addresses were taken out; the same again changes nothing."""
    at = ctx.clock.now()
    wanted = {address.strip().lower() for address in addresses}
    for address in sorted(wanted):
        ctx.tables.write(suppress(address, reason=reason, at=at))
    return len(wanted)
