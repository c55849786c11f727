"""One sweep over many accounts with budgets of which few have used anything: what it costs is what those few cost.

The accounts are written as items, past the product; every tenth that has used something reaches a threshold.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from tallybook.domain.accounts import Account
from tallybook.domain.budgets import Budget
from tallybook.domain.cycle import Cycle
from tallybook.domain.ids import derived_id
from tallybook.domain.jobs import USAGE_CHECK
from tallybook.domain.periods import Calendar, period_of
from tallybook.domain.times import stamp
from tallybook.domain.usage_period import OpenedPeriod
from tallybook.services.check_usage import carry_out
from tallybook.services.tasks import due_tasks
from tallybook.store.accounts import put_account
from tallybook.store.budgets import put_budget
from tallybook.store.commands import Put
from tallybook.store.events import mark_dirty
from tallybook.store.periods import open_period
from tests.bench.context import make_still_context
from tests.bench.invoicing import write
from tests.support.cloud import NAMES, create_tables
from tests.support.house import House

_LITTLE, _HALF = Decimal(100_000), Decimal(4_000_000)
"""CPU seconds that cost 1.40 and 56.00, of a budget of 100."""


@dataclass(frozen=True, slots=True)
class Sweep:
    """What one sweep took: to find what is due, and to do it."""

    budgets: int
    used: int
    found: int
    alerted: int
    queries: int
    finding_units: float
    calls: int
    read_units: float
    write_units: float
    left: int

    @property
    def cost(self) -> tuple[float, ...]:
        """All of it, however many budgets there are."""
        return (self.queries, self.finding_units, self.calls, self.read_units, self.write_units)


def sweep(client: Any, budgets: int, used: int, *, progress: Callable[[int, int], None] = lambda *_: None) -> Sweep:
    """Over so many accounts, in tables of their own."""
    names: dict[Any, str] = {table: f"{table}-of-{budgets}-budgets" for table in NAMES}
    create_tables(client, names)
    house = House(make_still_context(client, names=names), client, names)
    house.apply_catalog()
    opens = house.clock.now().astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    write(house, [put for number in range(budgets) for put in _account(house, number, opens, has_used=number < used)])
    for number in range(used):
        house.ctx.tables.transact([mark_dirty(_id(number), now=stamp(house.clock.now()))])
    house.clock.advance(minutes=5)
    house.ctx.catalogs.current()
    bill = house.ctx.tables.bill
    bill.clear()
    tasks = list(due_tasks(house.ctx, USAGE_CHECK))
    queries, finding = bill.calls, bill.read_units
    bill.clear()
    done: list[str] = []
    for place, task in enumerate(tasks):
        done += carry_out(house.ctx, task)
        progress(place, used)
    calls, read, written = bill.calls, bill.read_units, bill.write_units
    return Sweep(
        budgets=budgets,
        used=used,
        found=len(tasks),
        alerted=len(done),
        queries=queries,
        finding_units=finding,
        calls=calls,
        read_units=read,
        write_units=written,
        left=len(list(due_tasks(house.ctx, USAGE_CHECK))),
    )


def _account(house: House, number: int, opens: datetime, *, has_used: bool) -> Iterator[Put]:
    id, calendar = _id(number), Calendar(opens, "UTC")
    period = period_of(calendar, opens)
    account = Account(
        id=id,
        email=f"{id}@example.com",
        created_at=opens,
        status="active",
        plan="hobby",
        subscription_id=id,
        subscribed_at=opens,
        calendar=calendar,
        first_period_at=opens,
        cycle=Cycle(period),
        budgets=1,
    )
    yield put_account(account)
    yield put_budget(Budget(1, id, 100_000_000, created_at=opens, updated_at=opens))
    if has_used:
        version = house.ctx.catalogs.current().version
        (fence,) = open_period(account, OpenedPeriod(period, account.plan, version, shards=1, is_open=True))
        yield Put(fence.key, {**fence.item, "q:cpu_seconds": _LITTLE if number % 10 else _HALF, "version": 1})


def _id(number: int) -> str:
    return derived_id("sweep", str(number))
