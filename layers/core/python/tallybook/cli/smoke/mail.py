"""Waits until SES has accepted a mail."""

from collections.abc import Callable

from tallybook.cli.smoke.account import EMAIL
from tallybook.cli.stop import Stop
from tallybook.domain.errors import NotFound
from tallybook.domain.outbox import OutboxItem
from tallybook.services.context import Context
from tallybook.services.outbox.deliver import show_outbox_item

SECONDS = 60.0
_PAUSE = 0.5


class NotSent(Stop):
    """The mail was not sent, with the reason that the outbox noted."""


def await_mail(ctx: Context, mail: str, *, pause: Callable[[float], None]) -> str:
    """What was sent. NotSent after a failed attempt, or after a minute without one."""
    ends = ctx.elapsed() + SECONDS
    while True:
        item = _find(ctx, mail)
        if item is not None and item.state == "delivered":
            return _sent(item)
        if item is not None and item.error is not None and not item.leased:
            raise NotSent(f"SES did not accept it: {item.error}; the outbox tries again")
        if ctx.elapsed() >= ends:
            raise NotSent(f"it was not sent within {SECONDS:.0f} s; see the log of the function outbox")
        pause(_PAUSE)


def _find(ctx: Context, mail: str) -> OutboxItem | None:
    try:
        return show_outbox_item(ctx, mail)
    except NotFound:
        return None


def _sent(item: OutboxItem) -> str:
    if EMAIL not in item.sent:
        raise NotSent(f"{EMAIL} is suppressed: tallybook outbox suppressed")
    return f"SES accepted {item.body['letter']} for {EMAIL}"
