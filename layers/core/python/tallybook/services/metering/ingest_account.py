"""Count the events of one account, in as few transactions as possible, one after the other."""

import logging
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import NamedTuple

from tallybook.domain.accounts import Account
from tallybook.domain.errors import Unavailable
from tallybook.domain.usage import Event, Status, counting_instant
from tallybook.services.context import Context
from tallybook.services.metering.chunk import Chunk, build_chunk
from tallybook.services.metering.event_periods import EventPeriods, ResolvedEvent, Unpriced, read_event_periods
from tallybook.store import keys
from tallybook.store.accounts import read_account
from tallybook.store.commands import Item
from tallybook.store.conflicts import Failure, WriteConflict
from tallybook.store.events import stored_content
from tallybook.store.keys import Key

RETRY = "retry"
logger = logging.getLogger(__name__)


class IngestResult(NamedTuple):
    """The status of an event; `stored_content` is what its marker holds now, None without a marker."""

    status: Status
    reason: str | None = None
    stored_content: str | None = None


class Submission(NamedTuple):
    """A request with events: the id of the platform key that sent it (None: the queue), and until when its events are
    tried, as a time of `ctx.elapsed`.
    """

    key_id: str | None
    deadline: float


def ingest_account(
    ctx: Context,
    account: Account,
    events: Mapping[int, Event],
    stored: Mapping[Key, Item],
    submission: Submission,
) -> dict[int, IngestResult]:
    """A result for each event, by its index in the request; rejected `retry` if not done by the deadline, or if a
    defect of the stored account prevents it. It raises no error, so that other accounts count.

    `stored` has the items of the periods of these events that were already read.
    """
    ingest = _AccountIngest(ctx, account, events, stored)
    try:
        ingest.run(submission)
    except Unavailable:
        pass  # the events without a result are to be sent again
    except Exception as error:
        log_defect(account.id, error)
    return {index: ingest.results.get(index, IngestResult("rejected", RETRY)) for index in events}


def log_defect(account_id: str, error: Exception) -> None:
    """Log, with the traceback, why events of this account are not counted."""
    logger.error("usage of account %s is not counted", account_id, exc_info=error)


class _AccountIngest:
    """The account as last read, its periods, and the results so far."""

    def __init__(self, ctx: Context, account: Account, events: Mapping[int, Event], stored: Mapping[Key, Item]) -> None:
        self._ctx = ctx
        self._account = account
        self._events = events
        self._periods = EventPeriods(ctx, account, stored)
        self._backoff = ctx.tables.backoff()
        self._logged: set[str] = set()
        self.results: dict[int, IngestResult] = {}

    def run(self, submission: Submission) -> None:
        """Write chunk after chunk until each event has a result, or the deadline has passed."""
        pending = self._resolve(self._admit())
        while pending and self._ctx.elapsed() < submission.deadline:
            chunk = build_chunk(self._ctx, self._account, pending, key_id=submission.key_id)
            try:
                self._ctx.tables.transact(chunk.commands)
            except WriteConflict as conflict:
                self._record_stored(chunk, conflict.failures)
                pending = self._undecided(pending)
                if pending and any(failure.command.key not in chunk.index_of for failure in conflict.failures):
                    pending = self._reload(pending)
            else:
                self._account = chunk.account
                for index, one in chunk.events.items():
                    self.results[index] = IngestResult("accepted", stored_content=one.event.content)
                pending = self._undecided(pending)

    def _admit(self) -> dict[int, Event]:
        """The events whose time is accepted, each with the instant at which it counts; the others are rejected."""
        now = self._ctx.clock.now()
        admitted: dict[int, Event] = {}
        for index, event in self._events.items():
            instant = counting_instant(event.time, now)
            if instant is None:
                self._reject(index, "too_old" if event.time < now else "too_far_ahead")
            elif instant < self._account.first_period_at:
                self._reject(index, "before_account")
            else:
                admitted[index] = replace(event, counted_at=instant)
        return admitted

    def _resolve(self, events: Mapping[int, Event]) -> dict[int, ResolvedEvent]:
        """The events that have a price; the others are rejected, with `retry` after a defect of their period."""
        resolved: dict[int, ResolvedEvent] = {}
        for index, event in events.items():
            try:
                found = self._periods.resolve(event)
            except Unavailable:
                raise
            except Exception as error:
                self._log_once(error)
                self._reject(index, RETRY)
                continue
            match found:
                case Unpriced(reason):
                    self._reject(index, reason)
                case ResolvedEvent() as one:
                    resolved[index] = one
        return resolved

    def _log_once(self, error: Exception) -> None:
        if repr(error) not in self._logged:
            self._logged.add(repr(error))
            log_defect(self._account.id, error)

    def _record_stored(self, chunk: Chunk, failures: Iterable[Failure]) -> None:
        """Events whose marker existed are duplicates, or conflicts if the content differs."""
        for failure in failures:
            if (index := chunk.index_of.get(failure.command.key)) is not None:
                stored = stored_content(failure.was) if failure.was else None
                same = stored == chunk.events[index].event.content
                self.results[index] = IngestResult("duplicate" if same else "conflict", stored_content=stored)

    def _reload(self, pending: Mapping[int, ResolvedEvent]) -> dict[int, ResolvedEvent]:
        """Read the account again: its wallet, a period, its plan or its status has changed."""
        self._backoff()
        item = self._ctx.tables.get(keys.account(self._account.id))
        if item is None or item["status"] == "deleted":
            for index in pending:
                self._reject(index, "account_deleted")
            return {}
        self._account = read_account(item)
        events = {index: one.event for index, one in pending.items()}
        self._periods = read_event_periods(self._ctx, self._account, events.values())
        return self._resolve(events)

    def _reject(self, index: int, reason: str) -> None:
        self.results[index] = IngestResult("rejected", reason)

    def _undecided(self, pending: Mapping[int, ResolvedEvent]) -> dict[int, ResolvedEvent]:
        return {index: one for index, one in pending.items() if index not in self.results}
