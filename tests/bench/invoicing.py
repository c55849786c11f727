"""One tick over many accounts, on the emulator: what closing a period costs does not depend on how many others do.

The accounts are written as items, past the product: each on a paid plan, with usage in three meters on each of its
days, and with a balance that pays for it.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from tallybook.domain.accounts import Account
from tallybook.domain.cycle import Cycle
from tallybook.domain.ids import derived_id
from tallybook.domain.invoices import Invoice
from tallybook.domain.jobs import INVOICES
from tallybook.domain.periods import Calendar, period_of
from tallybook.domain.times import day_of
from tallybook.domain.usage_period import OpenedPeriod
from tallybook.services.run_invoicing import carry_out
from tallybook.services.tasks import due_tasks
from tallybook.store import keys
from tallybook.store.accounts import put_account
from tallybook.store.commands import Put, to_wire, wire_key
from tallybook.store.cycles import put_closing
from tallybook.store.keys import Key
from tallybook.store.periods import open_period
from tests.bench.context import make_still_context
from tests.support.cloud import NAMES, create_tables
from tests.support.house import House

MOST_CALLS = 4
MOST_WRITE_UNITS = 36
DAYS = 3

# On demand, in us-east-1, in dollars for a million units or requests: AWS's prices since 1 November 2024.
DOLLARS_FOR_WRITE_UNITS = 0.625
DOLLARS_FOR_READ_UNITS = 0.125
DOLLARS_FOR_SQS_REQUESTS = 0.40
SQS_REQUESTS = 3
"""Of a task of its own: sent, received and deleted; batches make them fewer."""

_BALANCE = 1_000_000_000
_USED = {"q:cpu_seconds": Decimal(50_000), "q:ram_gb_seconds": Decimal("123456.5"), "q:container_minutes:M": 1440}
_MOST_ITEMS = 25
_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class Tick:
    """What one tick took of each account, the finding of what is due apart."""

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
        """DynamoDB and SQS; the Lambda, and what leaves afterwards, are not in it."""
        return (
            self.write_units * DOLLARS_FOR_WRITE_UNITS
            + self.read_units * DOLLARS_FOR_READ_UNITS
            + SQS_REQUESTS * DOLLARS_FOR_SQS_REQUESTS
        )


def tick(client: Any, accounts: int, *, progress: Callable[[int, int], None] = lambda *_: None) -> Tick:
    """Close the period of so many accounts, in tables of their own."""
    names: dict[Any, str] = {table: f"{table}-of-{accounts}" for table in NAMES}
    create_tables(client, names)
    house = House(make_still_context(client, names=names), client, names)
    house.apply_catalog()
    opens = house.clock.now().astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    write(house, [put for number in range(accounts) for put in _account(house, str(number), opens)])
    house.clock.advance(days=32)
    bill = house.ctx.tables.bill
    bill.clear()
    tasks = list(due_tasks(house.ctx, INVOICES))
    queries = bill.calls
    bill.clear()
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        done: list[Invoice] = []
        for invoices in pool.map(lambda task: carry_out(house.ctx, task), tasks):
            done += invoices
            progress(len(done), accounts)
    return Tick(
        accounts=accounts,
        calls=bill.calls / accounts,
        read_units=bill.read_units / accounts,
        write_units=bill.write_units / accounts,
        queries=queries,
        paid=sum(invoice.status == "paid" and invoice.paid_by_balance == invoice.total > 0 for invoice in done),
        left=len(list(due_tasks(house.ctx, INVOICES))),
    )


def _account(house: House, name: str, opens: datetime) -> Iterator[Put]:
    id = derived_id("bench", name)
    period = period_of(Calendar(opens, "UTC"), opens)
    account = Account(
        id=id,
        email=f"{id}@example.com",
        created_at=opens,
        status="active",
        plan="pro",
        subscription_id=id,
        subscribed_at=opens,
        calendar=Calendar(opens, "UTC"),
        first_period_at=opens,
        cycle=Cycle(period),
        balance=_BALANCE,
        tax_rate=Decimal(20),
    )
    version = house.ctx.catalogs.current().version
    (fence,) = open_period(account, OpenedPeriod(period, account.plan, version, shards=1, is_open=True))
    used = {meter: quantity * DAYS for meter, quantity in _USED.items()}
    yield put_account(account)
    yield put_closing(id, account.cycle)
    yield Put(fence.key, {**fence.item, **used, "version": DAYS})
    for day in range(DAYS):
        yield Put(keys.counter(id, opens, f"day#{day_of(opens + timedelta(days=day))}", 0), _USED)


def write(house: House, puts: Sequence[Put]) -> None:
    """Past the product, many at once."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        batches = (puts[start : start + _MOST_ITEMS] for start in range(0, len(puts), _MOST_ITEMS))
        for _ in pool.map(lambda batch: _write_batch(house, batch), batches):
            pass


def _write_batch(house: House, puts: Sequence[Put]) -> None:
    requests: dict[str, list[Any]] = {}
    for put in puts:
        item = wire_key(Key(*put.key)) | to_wire(put.item)
        requests.setdefault(house.names[put.key.table], []).append({"PutRequest": {"Item": item}})
    while requests:
        requests = house.client.batch_write_item(RequestItems=requests).get("UnprocessedItems") or {}
