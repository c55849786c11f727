"""Outbox items that another release wrote: of a kind, a template or a shape that this code does not know.

They wait, also after a rollback, for the release that knows them. No attempt is counted, so that none is parked.
"""

import logging
from datetime import timedelta
from typing import Literal

from tallybook.domain.outbox import OutboxItem
from tallybook.services.context import Context
from tallybook.services.outbox.resolve_mail import RESOLVERS
from tallybook.store.conflicts import WriteConflict
from tallybook.store.outbox import leave, read_announcement, read_mail

logger = logging.getLogger(__name__)

PAUSE = timedelta(minutes=15)
"""How long an item waits before it is tried again, and so how late the release that knows it delivers it."""


def find_unknown(item: OutboxItem) -> str | None:
    """What this code does not know about the item; None if it knows all."""
    try:
        match item.kind:
            case "mail":
                template = read_mail(item).template
                return None if template in RESOLVERS else f"the mail {template}"
            case "events":
                read_announcement(item)
                return None
    except (KeyError, TypeError, ValueError):
        return f"the shape of {'this mail' if item.kind == 'mail' else 'these events'}"
    return f"the kind {item.kind}"


def wait_for_release(ctx: Context, item: OutboxItem, unknown: str) -> Literal["postponed", "not_due"]:
    """Leave the item as it is, and make it due after a pause; `not_due` if another function has taken it."""
    logger.warning("outbox item %s waits for a release that knows %s", item.id, unknown)
    error = f"waits for a release that knows {unknown}"
    try:
        ctx.tables.write(leave(item, until=ctx.clock.now() + PAUSE, error=error))
    except WriteConflict:
        return "not_due"
    return "postponed"
