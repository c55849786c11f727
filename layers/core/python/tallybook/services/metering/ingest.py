"""Usage is counted exactly once, under duplicates, retries and any number of writers.

One transaction holds up to 100 actions of one account: a marker for each event (if not there yet), one merged addition
for each counter (only while its period is open), what the wallet pays, and the note that the account has new usage.
A refused transaction says which markers were there; the rest is tried again. Accounts run side by side, the
transactions of one account in a row. What is not done after 20 seconds is answered `rejected`, reason `retry`.
"""

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from tallybook.domain.accounts import Account
from tallybook.domain.billing_period import BillingPeriod
from tallybook.domain.errors import Unavailable
from tallybook.domain.periods import period_of
from tallybook.domain.usage import Event, Result, counted
from tallybook.services.context import Context
from tallybook.services.metering.ingest_account import AccountCount, IngestResult
from tallybook.store import keys
from tallybook.store.accounts import read_account
from tallybook.store.commands import Item
from tallybook.store.keys import Key
from tallybook.store.periods import period_key, read_billing_period

RETRY_SECONDS = 20.0
RETRY = "retry"

type Submitted = Event | Result


def account_keys(submitted: Iterable[Submitted]) -> list[Key]:
    """What must be read of the accounts that the events name."""
    return [keys.account(id) for id in dict.fromkeys(event.account_id for event in _events(submitted))]


def record_usage(
    ctx: Context,
    submitted: Sequence[Submitted],
    accounts: Mapping[Key, Item],
    *,
    backoff: float = RETRY_SECONDS,
) -> list[Result]:
    """An answer for each submitted event, in order: accepted, duplicate, conflict, or rejected with its reason.

    `submitted` holds events, and Results for what could not be read as one; `accounts` the items of `account_keys`.
    What is not done within `retry_seconds` is answered `retry`.
    """
    deadline = ctx.elapsed() + backoff
    verdicts: dict[int, IngestResult] = {}
    left = {index: item for index, item in enumerate(submitted) if isinstance(item, Event)}
    while left:
        leaders, followers = _one_of_each(left)
        verdicts |= _record(ctx, leaders, accounts, deadline)
        for index, leader in followers.items():
            if verdicts[leader].stored_content is not None or verdicts[leader].reason == RETRY:
                verdicts[index] = _follow(verdicts[leader], left[index])
        left = {index: event for index, event in left.items() if index not in verdicts}
    return [
        item if isinstance(item, Result) else Result(item.id, verdicts[index].status, verdicts[index].reason)
        for index, item in enumerate(submitted)
    ]


def _record(
    ctx: Context, leaders: Mapping[int, Event], accounts: Mapping[Key, Item], deadline: float
) -> dict[int, IngestResult]:
    """A verdict for each event, no two of which have one identity."""
    verdicts: dict[int, IngestResult] = {}
    counts = _counts(ctx, leaders, accounts, verdicts)
    if len(counts) > 1 and ctx.workers > 1:
        with ThreadPoolExecutor(max_workers=min(ctx.workers, len(counts))) as pool:
            list(pool.map(lambda count: _run(count, deadline), counts))
    else:
        for count in counts:
            _run(count, deadline)
    for count in counts:
        verdicts |= count.verdicts
    return verdicts


def _run(count: AccountCount, deadline: float) -> None:
    try:
        count.run(deadline)
    except Unavailable:
        count.give_up()


def _events(submitted: Iterable[Submitted]) -> Iterable[Event]:
    return (item for item in submitted if isinstance(item, Event))


def _one_of_each(events: Mapping[int, Event]) -> tuple[dict[int, Event], dict[int, int]]:
    """The first event of each identity by its place, and each later one's place with that of its first."""
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


def _follow(leader: IngestResult, event: Event) -> IngestResult:
    """A second event of one identity in the same request: told by what is stored once the first is through.

    Where the first was refused for what it says, nothing is stored, and the second is looked at by itself.
    """
    if leader.stored_content is None:
        return leader
    same = event.content == leader.stored_content
    return IngestResult("duplicate" if same else "conflict", stored_content=leader.stored_content)


def _counts(
    ctx: Context, leaders: Mapping[int, Event], items: Mapping[Key, Item], verdicts: dict[int, IngestResult]
) -> list[AccountCount]:
    """The work of each account that exists, with the periods its events fall into read in one go."""
    by_account: dict[str, dict[int, Event]] = {}
    for index, event in leaders.items():
        item = items.get(keys.account(event.account_id))
        if item is None or item["status"] == "deleted":
            verdicts[index] = IngestResult("rejected", "unknown_account" if item is None else "account_deleted")
        else:
            by_account.setdefault(event.account_id, {})[index] = event
    accounts = {id: read_account(items[keys.account(id)]) for id in by_account}
    opened = _read_periods(ctx, accounts, by_account)
    return [AccountCount(ctx, accounts[id], events, opened.get(id, {})) for id, events in by_account.items()]


def _read_periods(
    ctx: Context, accounts: Mapping[str, Account], by_account: Mapping[str, Mapping[int, Event]]
) -> dict[str, dict[Key, BillingPeriod]]:
    now = ctx.clock.now()
    owner_of: dict[Key, str] = {}
    for id, events in by_account.items():
        schedule = accounts[id].schedule
        for event in events.values():
            if (instant := counted(event.time, now)) is not None:
                owner_of[period_key(id, period_of(schedule, instant))] = id
    found: dict[str, dict[Key, BillingPeriod]] = {}
    for key, item in ctx.tables.get_many(owner_of).items():
        found.setdefault(owner_of[key], {})[key] = read_billing_period(item)
    return found
