"""Count usage events exactly once, under duplicates, retries and concurrent writers.

A transaction has up to 100 actions for one account: a marker for each event, written only if it does not exist; one
addition to each counter, if its period is open; the wallet's debit; the mark that the account has unchecked usage. A
refused transaction reports the markers that existed, and the remaining events are tried again. Accounts are written in
parallel, the transactions of one account one after the other.
"""

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from tallybook.domain.accounts import Account
from tallybook.domain.billing_period import BillingPeriod
from tallybook.domain.periods import period_of
from tallybook.domain.usage import Event, Result, counting_instant
from tallybook.services.context import Context
from tallybook.services.metering.ingest_account import RETRY, IngestResult, ingest_account
from tallybook.store import keys
from tallybook.store.accounts import read_account
from tallybook.store.commands import Item
from tallybook.store.keys import Key
from tallybook.store.periods import period_key, read_billing_period

RETRY_SECONDS = 20.0

type Submitted = Event | Result


def record_usage(
    ctx: Context,
    submitted: Sequence[Submitted],
    accounts: Mapping[Key, Item],
    *,
    retry_seconds: float = RETRY_SECONDS,
) -> list[Result]:
    """A result for each submitted event, in order: accepted, duplicate, conflict, or rejected with its reason.

    `submitted` holds events, and Results for events that could not be parsed; `accounts` the items of `account_keys`.
    An event that is not counted within `retry_seconds` is rejected with the reason `retry`.
    """
    deadline = ctx.elapsed() + retry_seconds
    results: dict[int, IngestResult] = {}
    left = {index: item for index, item in enumerate(submitted) if isinstance(item, Event)}
    while left:
        leaders, followers = _split_repeated(left)
        results |= _ingest(ctx, leaders, accounts, deadline)
        for index, leader in followers.items():
            if results[leader].stored_content is not None or results[leader].reason == RETRY:
                results[index] = _result_of_follower(results[leader], left[index])
        left = {index: event for index, event in left.items() if index not in results}
    return [
        item if isinstance(item, Result) else Result(item.id, results[index].status, results[index].reason)
        for index, item in enumerate(submitted)
    ]


def account_keys(submitted: Iterable[Submitted]) -> list[Key]:
    """The keys of the accounts that the events name, each once."""
    account_ids = dict.fromkeys(item.account_id for item in submitted if isinstance(item, Event))
    return [keys.account(id) for id in account_ids]


def _split_repeated(events: Mapping[int, Event]) -> tuple[dict[int, Event], dict[int, int]]:
    """The first event of each identity, and for each later one (the follower) the index of the first (its leader)."""
    first: dict[str, int] = {}
    leaders: dict[int, Event] = {}
    followers: dict[int, int] = {}
    for index, event in events.items():
        identity = event.identity
        if identity in first:
            followers[index] = first[identity]
        else:
            first[identity] = index
            leaders[index] = event
    return leaders, followers


def _result_of_follower(leader: IngestResult, event: Event) -> IngestResult:
    """Duplicate or conflict, by comparison with the content in the leader's marker; `retry` if the leader has it.

    If the leader was rejected for its content, nothing is stored, and the follower becomes a leader of the next round.
    """
    if leader.stored_content is None:
        return leader
    same = event.content == leader.stored_content
    return IngestResult("duplicate" if same else "conflict", stored_content=leader.stored_content)


def _ingest(
    ctx: Context, leaders: Mapping[int, Event], items: Mapping[Key, Item], deadline: float
) -> dict[int, IngestResult]:
    """A result for each event; no two of them have the same identity."""
    results: dict[int, IngestResult] = {}
    by_account: dict[str, dict[int, Event]] = {}
    for index, event in leaders.items():
        item = items.get(keys.account(event.account_id))
        if item is None or item["status"] == "deleted":
            results[index] = IngestResult("rejected", "unknown_account" if item is None else "account_deleted")
        else:
            by_account.setdefault(event.account_id, {})[index] = event
    accounts = {id: read_account(items[keys.account(id)]) for id in by_account}
    opened = _read_periods(ctx, accounts, by_account)

    def ingest(id: str) -> dict[int, IngestResult]:
        return ingest_account(ctx, accounts[id], by_account[id], opened.get(id, {}), deadline=deadline)

    if len(by_account) > 1 and ctx.workers > 1:
        with ThreadPoolExecutor(max_workers=min(ctx.workers, len(by_account))) as pool:
            ingested = list(pool.map(ingest, by_account))
    else:
        ingested = [ingest(id) for id in by_account]
    for one in ingested:
        results |= one
    return results


def _read_periods(
    ctx: Context, accounts: Mapping[str, Account], by_account: Mapping[str, Mapping[int, Event]]
) -> dict[str, dict[Key, BillingPeriod]]:
    """The opened periods that the events fall into, by account, in one read."""
    now = ctx.clock.now()
    owner_of: dict[Key, str] = {}
    for id, events in by_account.items():
        schedule = accounts[id].schedule
        for event in events.values():
            if (instant := counting_instant(event.time, now)) is not None:
                owner_of[period_key(id, period_of(schedule, instant))] = id
    found: dict[str, dict[Key, BillingPeriod]] = {}
    for key, item in ctx.tables.get_many(owner_of).items():
        found.setdefault(owner_of[key], {})[key] = read_billing_period(item)
    return found
