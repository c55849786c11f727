"""Count usage events exactly once, under duplicates, retries and concurrent writers.

A transaction has up to 100 actions for one account: a marker for each event, written only if it does not exist; one
addition to each counter, if its period is open; the wallet's debit; the mark that the account has unchecked usage. A
refused transaction reports the markers that existed, and the remaining events are tried again. Accounts are written in
parallel, the transactions of one account one after the other. If one can't be read, its events are to be sent again,
and those of the others count.
"""

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from tallybook.domain.accounts import Account
from tallybook.domain.usage import Event, Result, counting_instant
from tallybook.services.context import Context
from tallybook.services.metering.event_periods import period_keys
from tallybook.services.metering.ingest_account import RETRY, IngestResult, Submission, ingest_account, log_defect
from tallybook.store import keys
from tallybook.store.accounts import read_account
from tallybook.store.commands import Item
from tallybook.store.keys import Key

RETRY_SECONDS = 20.0

type Submitted = Event | Result


def record_usage(
    ctx: Context,
    submitted: Sequence[Submitted],
    accounts: Mapping[Key, Item],
    *,
    key_id: str | None = None,
    retry_seconds: float = RETRY_SECONDS,
) -> list[Result]:
    """A result for each submitted event, in order: accepted, duplicate, conflict, or rejected with its reason.

    `submitted` holds events, and Results for events that could not be parsed; `accounts` the items of `account_keys`.
    `key_id` is the id of the platform key that sent them, None for the queue. An event that is not counted within
    `retry_seconds` is rejected with the reason `retry`.
    """
    submission = Submission(key_id, deadline=ctx.elapsed() + retry_seconds)
    results: dict[int, IngestResult] = {}
    left = {index: item for index, item in enumerate(submitted) if isinstance(item, Event)}
    while left:
        leaders, followers = _split_repeated(left)
        results |= _ingest(ctx, leaders, accounts, submission)
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
    ctx: Context, leaders: Mapping[int, Event], items: Mapping[Key, Item], submission: Submission
) -> dict[int, IngestResult]:
    """A result for each event; no two of them have the same identity."""
    by_account: dict[str, dict[int, Event]] = {}
    for index, event in leaders.items():
        by_account.setdefault(event.account_id, {})[index] = event
    read = {id: _read_or_refuse(id, items.get(keys.account(id))) for id in by_account}
    accounts = {id: account for id, account in read.items() if isinstance(account, Account)}
    stored = _read_periods(ctx, accounts, by_account)

    def ingest(account: Account) -> dict[int, IngestResult]:
        return ingest_account(ctx, account, by_account[account.id], stored, submission)

    if len(accounts) > 1 and ctx.workers > 1:
        with ThreadPoolExecutor(max_workers=min(ctx.workers, len(accounts))) as pool:
            ingested = list(pool.map(ingest, accounts.values()))
    else:
        ingested = [ingest(account) for account in accounts.values()]
    refused = {id: result for id, result in read.items() if isinstance(result, IngestResult)}
    results = {index: result for id, result in refused.items() for index in by_account[id]}
    for one in ingested:
        results |= one
    return results


def _read_or_refuse(id: str, item: Item | None) -> Account | IngestResult:
    """The account, or the result of all its events."""
    if item is None:
        return IngestResult("rejected", "unknown_account")
    try:
        return IngestResult("rejected", "account_deleted") if item["status"] == "deleted" else read_account(item)
    except Exception as error:
        log_defect(id, error)
        return IngestResult("rejected", RETRY)


def _read_periods(
    ctx: Context, accounts: Mapping[str, Account], by_account: Mapping[str, Mapping[int, Event]]
) -> dict[Key, Item]:
    """The items of the opened periods that the events of all accounts fall into, in one read."""
    now = ctx.clock.now()
    wanted: list[Key] = []
    for id, account in accounts.items():
        instants = ((event, counting_instant(event.time, now)) for event in by_account[id].values())
        wanted += period_keys(account, (replace(event, counted_at=at) for event, at in instants if at is not None))
    return ctx.tables.get_many(wanted)
