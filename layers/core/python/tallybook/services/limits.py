"""Attempts are counted before anything is looked at, so that a right guess costs as much as a wrong one."""

from typing import Literal

from tallybook.domain.errors import TooManyRequests
from tallybook.domain.limits import seconds_left, stand_in, window_of
from tallybook.services.context import Context
from tallybook.store.attempts import count_attempt


def check_rate(ctx: Context, what: Literal["register", "login"], *, most: int, address: str, email: str) -> None:
    """One more attempt from the address and about the email, or TooManyRequests with the seconds to wait.

    A refused attempt is not counted, so that the door opens again with the next minute whoever keeps knocking.
    """
    now = ctx.clock.now()
    refusal = TooManyRequests("Too many attempts; try again later", retry_after=seconds_left(now))
    ctx.tables.transact(
        [
            count_attempt(what, stand_in(f"{kind} {who}"), minute=window_of(now), most=most, refusal=refusal)
            for kind, who in (("address", address), ("email", email.strip().lower()))
        ]
    )
