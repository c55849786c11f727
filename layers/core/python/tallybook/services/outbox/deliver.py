"""Deliver outbox items. `batch.py` delivers those that the stream reports, `sweep.py` those that it left.

Each item is delivered at least once, and takes effect once however often `deliver` is called for it. A mail is sent
twice only if SES's answer or the sent-marker is lost: SES has no idempotency key, and two mails are better than none.
An event has the same id each time, so that its consumers can drop repeated ones.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal, Protocol

from tallybook.domain.emails import distinct
from tallybook.domain.errors import Conflict, NotFound, Unavailable
from tallybook.domain.jobs import OUTBOX, partitions
from tallybook.domain.outbox import MAX_ATTEMPTS, Mail, OutboxItem, PermanentError, next_attempt
from tallybook.domain.strangers import without_links
from tallybook.domain.times import stamp
from tallybook.services.context import Context
from tallybook.services.outbox.denials import find_denial
from tallybook.services.outbox.hooks import Hooks
from tallybook.services.outbox.other_releases import find_unknown, wait_for_release
from tallybook.services.outbox.resolve_mail import resolve_mail
from tallybook.services.outbox.strangers import Recipients, count_strangers, read_recipients
from tallybook.store import keys, outbox
from tallybook.store.commands import Update
from tallybook.store.conflicts import WriteConflict
from tallybook.store.outbox import read_announcement, read_mail, read_outbox_item
from tallybook.store.unreadable import Unreadable, read_if_possible

logger = logging.getLogger(__name__)

type Outcome = Literal["delivered", "postponed", "parked", "not_due", "left"]


class MailChannel(Protocol):
    def send(self, to: str, mail: Any, *, tags: Mapping[str, str]) -> str: ...


class EventChannel(Protocol):
    def publish(self, events: Sequence[Any]) -> None: ...


@dataclass(frozen=True, slots=True)
class Channels:
    """The channels that items are delivered to.

    `render` makes a mail from a template and its context, `event` a bus event from its name, detail and time. `hooks`
    record the delivery of a mail, by its template. Links in mails begin with `page_url`.
    """

    mail: MailChannel
    bus: EventChannel
    render: Callable[[str, Mapping[str, Any]], Any]
    event: Callable[[str, Mapping[str, Any], datetime], Any]
    page_url: str
    hooks: Hooks


def deliver(ctx: Context, channels: Channels, item_id: str) -> Outcome:
    """Deliver one item, if it is due and no other delivery has it."""
    now = ctx.clock.now()
    item = _read(ctx, item_id)
    if item is None or item.state != "waiting" or item.due is None or item.due > now:
        return "not_due"
    if unknown := find_unknown(item):
        return wait_for_release(ctx, item, unknown)
    if item.attempts >= MAX_ATTEMPTS:  # the last attempt died before it could record its failure
        return _record_failure(ctx, item, PermanentError(item.error or "no attempt recorded how it ended"))
    try:
        ctx.tables.write(outbox.claim(item, now=now))
        item = replace(item, attempts=item.attempts + 1, claims=item.claims + 1, leased=True)
        if item.kind == "mail":
            _deliver_mail(ctx, channels, item)
        else:
            _deliver_events(ctx, channels, item)
    except WriteConflict:
        return "not_due"  # another delivery has it
    except Unavailable:
        raise
    except Exception as error:
        return _record_failure(ctx, item, error)
    return "delivered"


def deliver_or_leave(ctx: Context, channels: Channels, item_id: str) -> Outcome:
    """As `deliver`; an item that can't be read is logged and `left`, so that it does not stop the others."""
    try:
        return deliver(ctx, channels, item_id)
    except Unavailable:
        raise
    except Exception:
        logger.exception("outbox item %s can't be delivered", item_id)
        return "left"


def list_outbox(ctx: Context, *, state: Literal["waiting", "parked"], limit: int) -> list[OutboxItem | Unreadable]:
    """Undelivered items, the longest due first."""
    listed = OUTBOX.partitions() if state == "waiting" else partitions(outbox.PARKED)
    found = [due for partition in listed for due in ctx.tables.query_due(partition, limit=limit)]
    item_keys = [due.key for due in sorted(found, key=lambda due: due.at)[:limit]]
    items = ctx.tables.get_many(item_keys)
    return [read_if_possible(read_outbox_item, items[key]) for key in item_keys if key in items]


def show_outbox_item(ctx: Context, item_id: str) -> OutboxItem:
    """The item, also a delivered one for 90 days; NotFound."""
    item = _read(ctx, item_id)
    if item is None:
        raise NotFound("There is no such outbox item", resource="outbox_item")
    return item


def retry(ctx: Context, item_id: str) -> OutboxItem:
    """Make the item due at once, with its attempts counted from 0.

    NotFound; Conflict `delivered`, or `busy` while a delivery has the item.
    """
    item = show_outbox_item(ctx, item_id)
    if item.state == "delivered":
        raise Conflict("It has been delivered", code="delivered")
    now = ctx.clock.now()
    busy = Conflict("It is being delivered just now; try again in two minutes", code="busy")
    if item.leased and item.due is not None and item.due > now:
        raise busy
    try:
        ctx.tables.write(outbox.unpark(item, at=now))
    except WriteConflict:
        raise busy from None
    return replace(item, state="waiting", due=now, attempts=0)


def _read(ctx: Context, item_id: str) -> OutboxItem | None:
    item = ctx.tables.get(keys.outbox(item_id))
    return read_outbox_item(item) if item else None


def _deliver_events(ctx: Context, channels: Channels, item: OutboxItem) -> None:
    announcement, at = read_announcement(item), item.created_at
    common = {"time": stamp(at), "sequence": announcement.sequence}
    channels.bus.publish(
        [
            channels.event(event.name, {"id": event.id, "version": event.version, **common, "data": event.data}, at)
            for event in announcement.events
        ]
    )
    ctx.tables.write(outbox.mark_delivered(item, at=ctx.clock.now()))


def _deliver_mail(ctx: Context, channels: Channels, item: OutboxItem) -> None:
    mail = read_mail(item)
    recipients = read_recipients(ctx, mail, account_id=item.account_id)
    item, refused = count_strangers(ctx, item, mail, recipients)
    to = distinct(mail.to)
    skipped = tuple(address for address in to if address in recipients.suppressed or address in refused)
    item = replace(item, skipped=skipped)
    if to != skipped and (context := resolve_mail(ctx, mail, page_url=channels.page_url)) is not None:
        item = _send(ctx, channels, replace(mail, context=context), recipients, item)
    _write(ctx, channels, mail, outbox.mark_delivered(item, at=ctx.clock.now()), sent=item.sent)


def _send(ctx: Context, channels: Channels, mail: Mail, recipients: Recipients, item: OutboxItem) -> OutboxItem:
    """Send the mail, with its whole context, once to each address, and store each sent-marker before the next send.

    Strangers are shown no links that somebody typed. A PermanentError of one address is raised after the others have
    got their mail.
    """
    remaining = [address for address in distinct(mail.to) if address not in (*item.skipped, *item.sent)]
    rejected: PermanentError | None = None
    for address in remaining:
        is_stranger = address in recipients.strangers
        shown = without_links(mail.context, known=recipients.known) if is_stranger else mail.context
        rendered = channels.render(mail.template, shown)
        try:
            channels.mail.send(address, rendered, tags={"letter": mail.template, "item": item.id})
        except PermanentError as error:
            rejected = rejected or error
            continue
        marker = outbox.note_sent(item, address)
        item = replace(item, sent=(*item.sent, address))
        if rejected or address != remaining[-1]:  # the last marker is written with the delivery
            _write(ctx, channels, mail, marker, sent=item.sent)
    if rejected:
        raise rejected
    return item


def _write(ctx: Context, channels: Channels, mail: Mail, step: Update, *, sent: Sequence[str]) -> None:
    """The step, in one transaction with what the hook of the mail's template records."""
    hook = channels.hooks.get(mail.template)
    if hook and (commands := hook.on_sent(mail, sent)):
        ctx.tables.transact([step, *commands])
    else:
        ctx.tables.write(step)


def _record_failure(ctx: Context, item: OutboxItem, failure: Exception) -> Outcome:
    now = ctx.clock.now()
    until = None if isinstance(failure, PermanentError) else next_attempt(item.attempts, now)
    error = f"{type(failure).__name__}: {failure}"[:500]
    if denial := find_denial(failure):
        logger.error("outbox item %s: %s is denied (%s)", item.id, *denial)
    try:
        if until is None:
            ctx.tables.write(outbox.park(item, at=now, error=error))
            return "parked"
        ctx.tables.write(outbox.postpone(item, until=until, error=error))
    except WriteConflict:
        return "not_due"
    return "postponed"
