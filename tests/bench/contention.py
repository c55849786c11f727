"""Many workers of the usage queue on one account: how many valid messages end in the dead-letter queue.

A simulation of discrete events, because no emulator raises TransactionConflict. Each message is one transaction, and
all write the same items: the account's counters, and its mark of unchecked usage. DynamoDB refuses a transaction on
an item that another one is writing; it does not make it wait. The pauses are the product's own: those of `Sender`,
`RETRY_SECONDS`, the queue's and `seconds_until_next`. Only the clock is simulated, so one seed has one outcome.
"""

import heapq
import random
from collections.abc import Generator
from dataclasses import dataclass, field
from typing import NamedTuple

from infra.groups import GROUPS
from infra.queues import BATCH, VISIBILITY_FACTOR
from tallybook.domain.errors import Unavailable
from tallybook.domain.redelivery import RECEIVES, seconds_until_next
from tallybook.services.metering.ingest import RETRY_SECONDS
from tallybook.store.sending import Sender

READ_SECONDS = 0.010
"""The account and its periods, before the transaction."""
ITEM_SECONDS, ITEMS = 0.012, 10
"""A transaction keeps others off its items for so long for each of them: like four events, five counters and the mark.
"""
REFUSAL_SECONDS = 0.004

_GROUP = next(group for group in GROUPS if group.name == "usage_queue")
VISIBILITY = VISIBILITY_FACTOR * _GROUP.timeout

type Steps[Result] = Generator[float, None, Result]


class Settings(NamedTuple):
    """How many workers run at once, after how many receives a message is given up, and whether it is postponed."""

    workers: int
    receives: int
    is_postponed: bool


FORMER = Settings(workers=300, receives=5, is_postponed=False)
NOW = Settings(workers=_GROUP.max_concurrency or 1000, receives=RECEIVES, is_postponed=True)


@dataclass(slots=True)
class Outcome:
    messages: int
    counted: int = 0
    given_up: int = 0
    most_receives: int = 0
    seconds: float = 0.0


@dataclass(order=True, slots=True)
class _Message:
    visible_at: float
    number: int
    received: int = field(default=0, compare=False)


def simulate(settings: Settings, *, messages: int, items: int = ITEMS, seed: int = 1) -> Outcome:
    """The queue has so many messages of one account at once, as after an outage, until it is empty."""
    state = random.getstate()
    random.seed(seed)
    try:
        return _Simulation(settings, messages, items * ITEM_SECONDS).run()
    finally:
        random.setstate(state)


class _Simulation:
    def __init__(self, settings: Settings, messages: int, held_seconds: float) -> None:
        from usage_queue.app import RESPONSE_SECONDS  # the import sets the function's log up

        self._response_seconds = RESPONSE_SECONDS
        self._settings = settings
        self._held_seconds = held_seconds
        self._now = 0.0
        self._held_until = 0.0
        self._queue = [_Message(0.0, number) for number in range(messages)]
        self._outcome = Outcome(messages)

    def run(self) -> Outcome:
        steps = [(0.0, number, self._work()) for number in range(self._settings.workers)]
        while steps:
            self._now, number, worker = heapq.heappop(steps)
            pause = next(worker, None)
            if pause is not None:
                heapq.heappush(steps, (self._now + pause, number, worker))
        return self._outcome

    def _work(self) -> Steps[None]:
        """One worker: batch after batch, until each message is counted or given up."""
        outcome = self._outcome
        while outcome.counted + outcome.given_up < outcome.messages:
            batch = self._receive()
            if not batch:
                yield max(0.1, self._queue[0].visible_at - self._now) if self._queue else 1.0
                continue
            began = self._now
            for message in batch:
                yield READ_SECONDS
                left = _GROUP.timeout - self._response_seconds - (self._now - began)
                if (yield from self._count(min(RETRY_SECONDS, left))):
                    outcome.counted += 1
                    outcome.seconds = self._now
                else:
                    self._give_back(message)

    def _receive(self) -> list[_Message]:
        """Up to ten visible messages; one that was received too often goes to the dead-letter queue instead."""
        batch: list[_Message] = []
        while self._queue and self._queue[0].visible_at <= self._now and len(batch) < BATCH:
            message = heapq.heappop(self._queue)
            message.received += 1
            if message.received > self._settings.receives:
                self._outcome.given_up += 1
                continue
            self._outcome.most_receives = max(self._outcome.most_receives, message.received)
            batch.append(message)
        return batch

    def _give_back(self, message: _Message) -> None:
        pause = float(VISIBILITY)
        if self._settings.is_postponed:
            pause = seconds_until_next(message.received, is_busy=True, jitter=random.random())
        message.visible_at = self._now + pause
        heapq.heappush(self._queue, message)

    def _count(self, seconds: float) -> Steps[bool]:
        """One transaction, tried as the product tries it; False if it is still refused."""
        if seconds <= 0:
            return False
        pauses: list[float] = []
        wait = Sender(None, pause=pauses.append, elapsed=lambda: self._now).backoff()
        while self._now < self._held_until:
            yield REFUSAL_SECONDS
            try:
                wait()
            except Unavailable:
                return False
            yield pauses.pop()
        self._held_until = self._now + self._held_seconds
        yield self._held_seconds
        return True
