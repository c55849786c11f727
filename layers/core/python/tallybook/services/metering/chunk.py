"""Builds one transaction of an account's events: a marker for each event, and one addition to each counter."""

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from tallybook.domain.accounts import Account
from tallybook.domain.billing_period import BillingPeriod
from tallybook.domain.counted_events import Acceptance, describe_price
from tallybook.domain.ids import derived_id
from tallybook.domain.monthly_use import monthly_use
from tallybook.domain.periods import Period
from tallybook.domain.times import stamp
from tallybook.domain.usage import Quantities, counters_of, late_counter, sum_counters
from tallybook.domain.wallet import Entry, debit, entry_id
from tallybook.services.context import Context
from tallybook.services.metering.event_periods import ResolvedEvent
from tallybook.store import ledger
from tallybook.store.commands import Command
from tallybook.store.events import mark_dirty, put_marker
from tallybook.store.gauges import add_gauges, gauge_keys_of
from tallybook.store.keys import Key
from tallybook.store.periods import add_ahead
from tallybook.store.table import MAX_ACTIONS
from tallybook.store.usage_counters import add_late_usage, add_usage

_WALLET_ACTIONS = 3
_DIRTY_ACTIONS = 1
_LATE_USAGE = "late usage noted"


class Chunk(NamedTuple):
    """The events of one transaction by their index in the request, its commands, and the account after it."""

    events: Mapping[int, ResolvedEvent]
    commands: Sequence[Command]
    account: Account
    index_of: Mapping[Key, int]
    """The event's index by the key of its marker."""


def build_chunk(ctx: Context, account: Account, pending: Mapping[int, ResolvedEvent], *, key_id: str | None) -> Chunk:
    """A chunk of as many pending events as fit into one transaction, in the order sent.

    `key_id` is the platform key that sent them, None for the queue.
    """
    events = _take_fitting(pending)
    now = ctx.clock.now()
    paid, entry = _pay_from_wallet(account, events, now)
    markers = {
        index: put_marker(resolved.event, _accept(resolved, now, key_id, entry, paid.get(index)))
        for index, resolved in events.items()
    }
    commands: list[Command] = [
        *markers.values(),
        *_add_usage(account, events.values()),
        *add_gauges(resolved.event for resolved in events.values()),
        *(ledger.post(account, entry) if entry else ()),
        mark_dirty(account.id, now=stamp(now)),
    ]
    wallet = account.wallet._replace(
        entry_count=account.wallet.entry_count + (1 if entry else 0),
        balance=account.wallet.balance - sum(paid.values()),
    )
    index_of = {marker.key: index for index, marker in markers.items()}
    return Chunk(events, commands, replace(account, wallet=wallet), index_of)


def _accept(
    resolved: ResolvedEvent, now: datetime, key_id: str | None, entry: Entry | None, amount: int | None
) -> Acceptance:
    return Acceptance(
        at=now,
        period_start=resolved.period.start,
        late_for=resolved.late_for,
        key_id=key_id,
        plan=resolved.opened.plan,
        catalog_version=resolved.opened.catalog_version,
        price=describe_price(resolved.price, resolved.currency),
        entry_id=entry.id if entry and amount else None,
        amount=amount,
    )


def _take_fitting(pending: Mapping[int, ResolvedEvent]) -> dict[int, ResolvedEvent]:
    events: dict[int, ResolvedEvent] = {}
    counters: set[tuple[datetime, str]] = set()
    gauges: set[Key] = set()
    has_wallet = False
    for index, resolved in pending.items():
        counters |= _counters_of(resolved)
        gauges |= gauge_keys_of(resolved.event)
        has_wallet = has_wallet or resolved.meter.settles == "wallet"
        fixed = _DIRTY_ACTIONS + (_WALLET_ACTIONS if has_wallet else 0)
        if len(events) + 1 + len(counters) + len(gauges) + fixed > MAX_ACTIONS:
            break
        events[index] = resolved
    return events


def _counters_of(resolved: ResolvedEvent) -> set[tuple[datetime, str]]:
    """The items that the event adds to, except gauges: counters, and the open period that notes late usage."""
    counters = {(resolved.period.start, name) for name in counters_of(resolved.event, late_for=resolved.late_for)}
    return counters if resolved.late_for is None else counters | {(resolved.late_for, _LATE_USAGE)}


def _add_usage(account: Account, events: Iterable[ResolvedEvent]) -> list[Command]:
    by_period: dict[Period, list[ResolvedEvent]] = {}
    for resolved in events:
        by_period.setdefault(resolved.period, []).append(resolved)
    commands: list[Command] = []
    for period, inside in by_period.items():
        late_for = inside[0].late_for
        sums = sum_counters((resolved.event for resolved in inside), late_for=late_for)
        if late_for is not None:
            commands += add_late_usage(account.id, period, sums, target=late_for)
            if ahead := _use_ahead(inside[0].opened, sums[late_counter(late_for)], target=late_for):
                commands.append(add_ahead(account.id, late_for, ahead))
        else:
            shard = random.randrange(inside[0].opened.shards)  # noqa: S311 only spreads writes
            commands += add_usage(account.id, period, sums, shard=shard)
    return commands


def _use_ahead(ended: BillingPeriod, late: Quantities, *, target: datetime) -> dict[str, Decimal]:
    """What late usage adds to the use that a plan change carried into the period that starts at `target`.

    Nothing if another period lies between them.
    """
    if target != ended.period.end:
        return {}
    return {field: amount for field, amount in monthly_use(late).items() if field in ended.carries and amount}


def _pay_from_wallet(
    account: Account, events: Mapping[int, ResolvedEvent], now: datetime
) -> tuple[dict[int, int], Entry | None]:
    """The micros that the wallet pays for each of its events, and the one ledger entry of their sum, if not 0."""
    paid = {
        index: debit(resolved.price, resolved.event.quantity)
        for index, resolved in events.items()
        if resolved.meter.settles == "wallet"
    }
    amount = sum(paid.values())
    if not amount:
        return paid, None
    cause = derived_id("events", *sorted(events[index].event.identity for index in paid))
    entry = Entry(
        id=entry_id(account.id, "usage", cause),
        account_id=account.id,
        kind="usage",
        amount=-amount,
        cause=cause,
        created_at=now,
    )
    return paid, entry
