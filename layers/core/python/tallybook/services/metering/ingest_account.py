"""Counting the events of one account: as few transactions as fit, one after the other."""

import random
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from tallybook.domain.accounts import Account
from tallybook.domain.billing_period import BillingPeriod
from tallybook.domain.ids import derived_id
from tallybook.domain.periods import Period
from tallybook.domain.times import stamp
from tallybook.domain.usage import Event, Status, counted, counters_of, merged
from tallybook.domain.wallet import Entry, debit, entry_id
from tallybook.services.context import Context
from tallybook.services.metering.event_periods import EventPeriods, read_places
from tallybook.store import keys, ledger
from tallybook.store.accounts import read_account
from tallybook.store.commands import Command
from tallybook.store.events import mark_dirty, put_marker, same_content
from tallybook.store.gauges import add_gauges, gauge_keys_of
from tallybook.store.keys import Key
from tallybook.store.table import MAX_ACTIONS, Failure, WriteConflict
from tallybook.store.usage_counters import add_late_usage, add_usage

_WALLET_ACTIONS = 3
_DIRTY_ACTIONS = 1


@dataclass(frozen=True, slots=True)
class IngestResult:
    """What became of an event; `stored_content` is what its identity now stands for, if anything."""

    status: Status
    reason: str | None = None
    stored_content: str | None = None


@dataclass(frozen=True, slots=True)
class _Chunk:
    """The events of one transaction, by their place in the request, the commands that count them, and the account
    as it stands after them.
    """

    events: dict[int, Event]
    account: Account
    commands: list[Command]
    marker_of: dict[Key, int]


class AccountCount:
    """The events of one account, by their place in the request, until each has its verdict."""

    def __init__(
        self, ctx: Context, account: Account, events: Mapping[int, Event], opened: Mapping[Key, BillingPeriod]
    ) -> None:
        self._ctx = ctx
        self._account = account
        self._events = dict(events)
        self._places = EventPeriods(ctx, account, opened)
        self._pause = ctx.tables.backoff()
        self.verdicts: dict[int, IngestResult] = {}

    def run(self, deadline: float) -> None:
        """Count until nothing is left or the deadline (of `ctx.elapsed`) has passed."""
        pending = self._admitted()
        while pending:
            if self._ctx.elapsed() >= deadline:
                return self.give_up()
            chunk = self._chunk(pending)
            try:
                self._ctx.tables.transact(chunk.commands)
            except WriteConflict as refused:
                self._learn(chunk, refused.failures, pending)
            else:
                self._account = chunk.account
                for index, event in chunk.events.items():
                    self.verdicts[index] = IngestResult("accepted", stored_content=event.content)
            pending = {index: event for index, event in pending.items() if index not in self.verdicts}
        return None

    def give_up(self) -> None:
        """Whatever has no verdict yet is for the sender to send again."""
        for index in self._events:
            self.verdicts.setdefault(index, IngestResult("rejected", "retry"))

    def _admitted(self) -> dict[int, Event]:
        """The events that may count at all, each with the instant at which it does."""
        now = self._ctx.clock.now()
        pending: dict[int, Event] = {}
        for index, event in self._events.items():
            instant = counted(event.time, now)
            if instant is None:
                reason: str | None = "too_old" if event.time < now else "too_far_ahead"
            elif instant < self._account.first_period_at:
                reason = "before_account"
            else:
                pending[index] = replace(event, counted_at=instant)
                reason = self._places.refusal(pending[index])
            if reason is not None:
                pending.pop(index, None)
                self.verdicts[index] = IngestResult("rejected", reason)
        return pending

    def _chunk(self, pending: Mapping[int, Event]) -> _Chunk:
        """As many of the pending events as fit into one transaction, in the order sent."""
        events: dict[int, Event] = {}
        counters: set[tuple[datetime, str]] = set()
        levels: set[Key] = set()
        has_wallet = False
        for index, event in pending.items():
            more = counters | self._counters(event)
            more_levels = levels | gauge_keys_of(event)
            wallet = has_wallet or self._places.meter_of(event).settles == "wallet"
            fixed = _DIRTY_ACTIONS + (_WALLET_ACTIONS if wallet else 0)
            actions = len(events) + 1 + len(more) + len(more_levels) + fixed
            if actions > MAX_ACTIONS:
                break
            events[index], counters, levels, has_wallet = event, more, more_levels, wallet
        markers = {
            index: put_marker(
                event,
                now=self._ctx.clock.now(),
                period_start=self._places.period_of(event).start,
                late_for=self._places.late_for(event),
            )
            for index, event in events.items()
        }
        amount, debits = self._debits(events)
        commands: list[Command] = [*markers.values(), *self._additions(events), *add_gauges(events.values()), *debits]
        commands.append(mark_dirty(self._account.id, now=stamp(self._ctx.clock.now())))
        after = replace(
            self._account,
            wallet=replace(
                self._account.wallet,
                entry_count=self._account.wallet.entry_count + (1 if amount else 0),
                balance=self._account.wallet.balance - amount,
            ),
        )
        return _Chunk(events, after, commands, {marker.key: index for index, marker in markers.items()})

    def _additions(self, events: Mapping[int, Event]) -> list[Command]:
        by_period: dict[Period, list[Event]] = {}
        for event in events.values():
            by_period.setdefault(self._places.period_of(event), []).append(event)
        commands: list[Command] = []
        for period, inside in by_period.items():
            late_for = self._places.late_for(inside[0])
            if late_for is not None:
                sums = merged(inside, late_for=late_for)
                commands += add_late_usage(self._account.id, period, sums, target=late_for)
            else:
                shard = random.randrange(self._places.opened_of(inside[0]).shards)  # noqa: S311 only spreads writes
                commands += add_usage(self._account.id, period, merged(inside), shard=shard)
        return commands

    def _counters(self, event: Event) -> set[tuple[datetime, str]]:
        """All that counting the event adds to, beside its marker and the wallet."""
        period, late_for = self._places.period_of(event), self._places.late_for(event)
        names = {(period.start, name) for name in counters_of(event, late_for=late_for)}
        return names if late_for is None else names | {(late_for, "told of late usage")}

    def _debits(self, events: Mapping[int, Event]) -> tuple[int, tuple[Command, ...]]:
        """What the wallet pays in this transaction, and its one ledger entry, whose cause is the events it is for."""
        paid = {
            event.identity: debit(self._places.price_of(event), event.quantity) for event in self._wallet_events(events)
        }
        amount = sum(paid.values())
        if not amount:
            return 0, ()
        cause = derived_id("events", *sorted(paid))
        entry = Entry(
            id=entry_id(self._account.id, "usage", cause),
            account_id=self._account.id,
            kind="usage",
            amount=-amount,
            cause=cause,
            created_at=self._ctx.clock.now(),
        )
        return amount, ledger.post(self._account, entry)

    def _wallet_events(self, events: Mapping[int, Event]) -> list[Event]:
        return [event for event in events.values() if self._places.meter_of(event).settles == "wallet"]

    def _learn(self, chunk: _Chunk, failures: tuple[Failure, ...], pending: Mapping[int, Event]) -> None:
        """Give verdicts to what was counted before, and look again at what stood in the way."""
        for failure in failures:
            if (index := chunk.marker_of.get(failure.command.key)) is not None:
                same = same_content(failure.was, chunk.events[index])
                stored = failure.was["content"] if failure.was else None
                self.verdicts[index] = IngestResult("duplicate" if same else "conflict", stored_content=stored)
        if any(failure.command.key not in chunk.marker_of for failure in failures):
            self._look_again(pending)

    def _look_again(self, pending: Mapping[int, Event]) -> None:
        """Somebody else moved the wallet, closed a period or changed the plan in between, or the account is gone."""
        self._pause()
        item = self._ctx.tables.get(keys.account(self._account.id))
        if item is None or item["status"] == "deleted":
            for index in self._events:
                self.verdicts.setdefault(index, IngestResult("rejected", "account_deleted"))
            return
        self._account = read_account(item)
        self._places = read_places(self._ctx, self._account, pending.values())
        for index, event in pending.items():
            if (reason := self._places.refusal(event)) is not None:
                self.verdicts.setdefault(index, IngestResult("rejected", reason))
