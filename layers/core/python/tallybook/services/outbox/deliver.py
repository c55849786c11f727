"""What waits in the outbox is delivered: at once by the stream, and by a sweep whatever the stream left.

Each item is delivered at least once, and has its effect once however often it is called for. A mail goes twice only
where SES's answer or our marker is lost: SES knows no idempotency key, and a mail twice is better than none. Events
carry an id that stays the same, so that their consumers can tell.
"""

import random
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal, Protocol

from tallybook.domain.errors import Conflict, NotFound, Unavailable
from tallybook.domain.jobs import OUTBOX, partitions
from tallybook.domain.outbox import MAX_ATTEMPTS, OutboxItem, Undeliverable, next_try
from tallybook.domain.times import stamp
from tallybook.services.context import Context
from tallybook.services.outbox.resolve_mail import Addressed, address_mail
from tallybook.store import keys, outbox
from tallybook.store.budgets import note_sent
from tallybook.store.commands import Update
from tallybook.store.outbox import read_outbox_item
from tallybook.store.table import WriteConflict

type Outcome = Literal["delivered", "postponed", "parked", "not_due", "left"]


class SendsMail(Protocol):
    def send(self, to: str, letter: Any, *, tags: Mapping[str, str]) -> str: ...


class Publishes(Protocol):
    def publish(self, events: Sequence[Any]) -> None: ...


@dataclass(frozen=True, slots=True)
class Channels:
    """The ways out: the mail, the bus, how a letter is written from its facts and an event from its detail."""

    mail: SendsMail
    bus: Publishes
    render: Callable[[str, Mapping[str, Any]], Any]
    event: Callable[[str, Mapping[str, Any], datetime], Any]
    page_url: str


def deliver(ctx: Context, outside: Channels, item_id: str) -> Outcome:
    """One item, if it is due and nobody else is at it."""
    now = ctx.clock.now()
    item = _read(ctx, item_id)
    if item is None or item.state != "waiting" or item.due is None or item.due > now:
        return "not_due"
    if item.attempts >= MAX_ATTEMPTS:  # none of its tries lived to say how it ended
        return _failed(ctx, item, Undeliverable(item.error or "no try came to its end"))
    try:
        ctx.tables.write(outbox.claim(item, now=now))
        item = replace(item, attempts=item.attempts + 1, claims=item.claims + 1, leased=True)
        done = _hand_over(ctx, outside, item)
        _store(ctx, outbox.delivered(done, at=ctx.clock.now()), done)
    except WriteConflict:
        return "not_due"  # somebody else has it
    except Unavailable:
        raise
    except Exception as error:
        return _failed(ctx, item, error)
    return "delivered"


def sweep(ctx: Context, outside: Channels, *, deadline: float) -> Counter[Outcome]:
    """All that is due, until the deadline of `ctx.elapsed` or until the tables can't be reached.

    What is `left` then waits for the next sweep.
    """
    outcomes: Counter[Outcome] = Counter()
    places = OUTBOX.partitions()
    try:
        for place in random.sample(places, len(places)):  # no place always waits for the others
            for due in ctx.tables.work(place, until=stamp(ctx.clock.now())):
                if ctx.elapsed() >= deadline:
                    outcomes["left"] += 1
                    return outcomes
                outcomes[deliver(ctx, outside, due.key.pk.partition("#")[2])] += 1
    except Unavailable:
        outcomes["left"] += 1
    return outcomes


def list_outbox(ctx: Context, *, state: Literal["waiting", "parked"], limit: int) -> list[OutboxItem]:
    """What has not been delivered, longest due first."""
    work = outbox.WAITING if state == "waiting" else outbox.PARKED
    found = [due for place in partitions(work) for due in ctx.tables.work(place, limit=limit)]
    wanted = [due.key for due in sorted(found, key=lambda due: due.at)[:limit]]
    items = ctx.tables.get_many(wanted)
    return [read_outbox_item(items[key]) for key in wanted if key in items]


def show_outbox_item(ctx: Context, item_id: str) -> OutboxItem:
    """The item, delivered or not; NotFound, as 90 days after it was delivered."""
    item = _read(ctx, item_id)
    if item is None:
        raise NotFound("There is no such outbox item", resource="outbox_item")
    return item


def retry(ctx: Context, item_id: str) -> OutboxItem:
    """Due at once, with all its tries before it.

    NotFound; Conflict `delivered` for what has left, `busy` for what is leaving just now.
    """
    item = show_outbox_item(ctx, item_id)
    if item.state == "delivered":
        raise Conflict("It has been delivered", code="delivered")
    now = ctx.clock.now()
    busy = Conflict("It is being delivered just now; try again in two minutes", code="busy")
    if item.leased and item.due is not None and item.due > now:
        raise busy
    try:
        ctx.tables.write(outbox.unparked(item, at=now))
    except WriteConflict:
        raise busy from None
    return replace(item, state="waiting", due=now, attempts=0)


def _read(ctx: Context, item_id: str) -> OutboxItem | None:
    item = ctx.tables.get(keys.outbox(item_id))
    return read_outbox_item(item) if item else None


def _hand_over(ctx: Context, outside: Channels, item: OutboxItem) -> OutboxItem:
    if item.kind == "mail":
        return _send(ctx, outside, item)
    at = item.created_at
    outside.bus.publish([outside.event(row["name"], _detail(item, row), at) for row in item.body["events"]])
    return item


def _detail(item: OutboxItem, row: Mapping[str, Any]) -> dict[str, Any]:
    known = {"time": stamp(item.created_at), "sequence": item.body["sequence"]}
    return {"id": row["id"], "version": row["version"], **known, "data": row["data"]}


def _send(ctx: Context, outside: Channels, item: OutboxItem) -> OutboxItem:
    """Each address once, the marker of one before the mail to the next. One that is refused for good keeps no other
    from its mail.
    """
    wanted: Addressed = address_mail(ctx, item, page_url=outside.page_url)
    item = replace(item, skipped=wanted.skipped)
    left = [address for address in wanted.to if address not in item.sent]
    refused: Undeliverable | None = None
    for address in left:
        letter = outside.render(wanted.letter, wanted.facts)
        try:
            outside.mail.send(address, letter, tags={"letter": wanted.letter, "item": item.id})
        except Undeliverable as error:
            refused = refused or error
            continue
        marked = replace(item, sent=(*item.sent, address))
        if refused or address != left[-1]:
            _store(ctx, outbox.note_sent(item, address), marked)
        item = marked
    if refused:
        raise refused
    return item


def _store(ctx: Context, step: Update, item: OutboxItem) -> None:
    """The step, and with it, in the messages that a mail stands for, to whom it has gone."""
    if messages := item.body.get("messages"):
        ctx.tables.transact([step, *note_sent(item.body["account_id"], *messages, sent=item.sent)])
    else:
        ctx.tables.write(step)


def _failed(ctx: Context, item: OutboxItem, failure: Exception) -> Outcome:
    now = ctx.clock.now()
    until = None if isinstance(failure, Undeliverable) else next_try(item.attempts, now)
    error = f"{type(failure).__name__}: {failure}"[:500]
    try:
        if until is None:
            ctx.tables.write(outbox.parked(item, at=now, error=error))
            return "parked"
        ctx.tables.write(outbox.postponed(item, until=until, error=error))
    except WriteConflict:
        return "not_due"
    return "postponed"
