"""Attempts are counted before anything is looked at, so that a right guess costs as much as a wrong one."""

from typing import Literal

from tallybook.domain.errors import TooManyRequests
from tallybook.domain.limits import Limit, network_of, seconds_left, stand_in, window_of
from tallybook.services.context import Context
from tallybook.store.attempts import count_attempt


def check_rate(
    ctx: Context, what: Literal["register", "login", "reset", "confirm"], *, address: str, email: str | None = None
) -> None:
    """One more attempt from the network address and about the email, or TooManyRequests with the seconds to wait.

    A refused attempt is not counted, so that the door opens again with the next window whoever keeps knocking.
    """
    limit: Limit = getattr(ctx.limits, what)
    now = ctx.clock.now()
    window = window_of(now, limit.window)
    refusal = TooManyRequests("Too many attempts; try again later", retry_after=seconds_left(now, limit.window))
    asked = [("address", network_of(address))] + ([] if email is None else [("email", email.strip().lower())])
    ctx.tables.transact(
        [
            count_attempt(what, stand_in(f"{kind} {who}"), window=window, most=limit.most, refusal=refusal)
            for kind, who in asked
        ]
    )
