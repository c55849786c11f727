"""One tick over many accounts, on the emulator: the cost of closing a period doesn't depend on the number of accounts.

The accounts are written as items, without the product: each on a paid plan, with usage in three meters on each of its
days, and with a balance that pays for it.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from tallybook.domain.accounts import Account, BillingTerms, Wallet
from tallybook.domain.billing_period import BillingPeriod
from tallybook.domain.closing_cursor import ClosingCursor
from tallybook.domain.ids import derived_id
from tallybook.domain.invoices import Invoice
from tallybook.domain.jobs import INVOICES
from tallybook.domain.periods import period_of, schedule_from
from tallybook.domain.times import day_of
from tallybook.services.jobs.due_tasks import due_tasks
from tallybook.services.jobs.invoicing import run_task
from tallybook.store import keys
from tallybook.store.accounts import put_account
from tallybook.store.closing_cursors import put_closing
from tallybook.store.commands import Put
from tallybook.store.keys import Key
from tallybook.store.periods import open_period
from tallybook.store.requests import dynamodb_key, to_dynamodb
from tests.bench.context import make_still_context
from tests.support.app import App
from tests.support.cloud import NAMES, create_tables

MOST_CALLS = 4
MOST_WRITE_UNITS = 36
DAYS = 3

# On demand, in us-east-1, in dollars for a million units or requests: AWS's prices since 1 November 2024.
DOLLARS_FOR_WRITE_UNITS = 0.625
DOLLARS_FOR_READ_UNITS = 0.125
DOLLARS_FOR_SQS_REQUESTS = 0.40
SQS_REQUESTS = 3
"""SQS requests of a task without batching: sent, received and deleted."""

_BALANCE = 1_000_000_000
_USED = {"q:cpu_seconds": Decimal(50_000), "q:ram_gb_seconds": Decimal("123456.5"), "q:container_minutes:M": 1440}
_MOST_ITEMS = 25
_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class Tick:
    """The cost of one tick per account, and separately of finding the due tasks."""

    accounts: int
    calls: float
    read_units: float
    write_units: float
    queries: int
    paid: int
    left: int

    @property
    def reached(self) -> bool:
        within = self.calls <= MOST_CALLS and self.write_units <= MOST_WRITE_UNITS
        return within and self.paid == self.accounts and not self.left

    @property
    def dollars_for_a_million(self) -> float:
        """DynamoDB and SQS, without Lambda and without the deliveries afterwards."""
        return (
            self.write_units * DOLLARS_FOR_WRITE_UNITS
            + self.read_units * DOLLARS_FOR_READ_UNITS
            + SQS_REQUESTS * DOLLARS_FOR_SQS_REQUESTS
        )


def tick(client: Any, accounts: int, *, progress: Callable[[int, int], None] = lambda *_: None) -> Tick:
    """Close the period of this many accounts, in new tables."""
    names: dict[Any, str] = {table: f"{table}-of-{accounts}" for table in NAMES}
    create_tables(client, names)
    app = App(make_still_context(client, names=names), client, names)
    app.apply_catalog()
    opens = app.clock.now().astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    write(app, [put for number in range(accounts) for put in _account(app, str(number), opens)])
    app.clock.advance(days=32)
    meter = app.meter
    meter.clear()
    tasks = list(due_tasks(app.ctx, INVOICES))
    queries = meter.calls
    meter.clear()
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        done: list[Invoice] = []
        for invoices in pool.map(lambda task: run_task(app.ctx, task), tasks):
            done += invoices
            progress(len(done), accounts)
    return Tick(
        accounts=accounts,
        calls=meter.calls / accounts,
        read_units=meter.read_units / accounts,
        write_units=meter.write_units / accounts,
        queries=queries,
        paid=sum(invoice.status == "paid" and invoice.paid_by_balance == invoice.total > 0 for invoice in done),
        left=len(list(due_tasks(app.ctx, INVOICES))),
    )


def _account(app: App, name: str, opens: datetime) -> Iterator[Put]:
    id = derived_id("bench", name)
    period = period_of(schedule_from(opens, "UTC"), opens)
    account = Account(
        id=id,
        email=f"{id}@example.com",
        created_at=opens,
        status="active",
        plan="pro",
        subscription_id=id,
        subscribed_at=opens,
        schedule=schedule_from(opens, "UTC"),
        first_period_at=opens,
        closing_cursor=ClosingCursor(period),
        wallet=Wallet(balance=_BALANCE),
        billing=BillingTerms(tax_rate=Decimal(20)),
    )
    version = app.ctx.catalogs.current().version
    (period_key,) = open_period(account, BillingPeriod(period, account.plan, version, shards=1, is_open=True))
    used = {meter: quantity * DAYS for meter, quantity in _USED.items()}
    yield put_account(account)
    yield put_closing(id, account.closing_cursor)
    yield Put(period_key.key, {**period_key.item, **used, "version": DAYS})
    for day in range(DAYS):
        yield Put(keys.counter(id, opens, f"day#{day_of(opens + timedelta(days=day))}", 0), _USED)


def write(app: App, puts: Sequence[Put]) -> None:
    """Write items without the product, many at once."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        batches = (puts[start : start + _MOST_ITEMS] for start in range(0, len(puts), _MOST_ITEMS))
        for _ in pool.map(lambda batch: _write_batch(app, batch), batches):
            pass


def _write_batch(app: App, puts: Sequence[Put]) -> None:
    requests: dict[str, list[Any]] = {}
    for put in puts:
        item = dynamodb_key(Key(*put.key)) | to_dynamodb(put.item)
        requests.setdefault(app.names[put.key.table], []).append({"PutRequest": {"Item": item}})
    while requests:
        requests = app.client.batch_write_item(RequestItems=requests).get("UnprocessedItems") or {}
