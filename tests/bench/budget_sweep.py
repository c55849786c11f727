"""One sweep over many accounts with budgets, of which few have usage: it costs only what those few cost.

The accounts are written as items, without the product; every tenth account with usage reaches a threshold.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from tallybook.domain.accounts import Account, Counts
from tallybook.domain.billing_period import BillingPeriod
from tallybook.domain.budgets import Budget
from tallybook.domain.closing_cursor import ClosingCursor
from tallybook.domain.ids import derived_id
from tallybook.domain.jobs import USAGE_CHECK
from tallybook.domain.periods import period_of, schedule_from
from tallybook.domain.times import stamp
from tallybook.services.jobs.due_tasks import due_tasks
from tallybook.services.jobs.usage_check import run_task
from tallybook.store.accounts import put_account
from tallybook.store.budgets import put_budget
from tallybook.store.commands import Put
from tallybook.store.events import mark_dirty
from tallybook.store.periods import open_period
from tests.bench.context import make_still_context
from tests.bench.invoicing import write
from tests.support.app import App
from tests.support.cloud import NAMES, create_tables

_LITTLE, _HALF = Decimal(100_000), Decimal(4_000_000)
"""CPU seconds that cost 1.40 and 56.00; the budgets are 100."""


@dataclass(frozen=True, slots=True)
class Sweep:
    """The cost of one sweep: to find the due tasks, and to run them."""

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
        """The part that must not depend on the number of budgets."""
        return (self.queries, self.finding_units, self.calls, self.read_units, self.write_units)


def sweep(client: Any, budgets: int, used: int, *, progress: Callable[[int, int], None] = lambda *_: None) -> Sweep:
    """Sweep this many accounts, in new tables."""
    names: dict[Any, str] = {table: f"{table}-of-{budgets}-budgets" for table in NAMES}
    create_tables(client, names)
    app = App(make_still_context(client, names=names), client, names)
    app.apply_catalog()
    opens = app.clock.now().astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    write(app, [put for number in range(budgets) for put in _account(app, number, opens, has_used=number < used)])
    for number in range(used):
        app.ctx.tables.transact([mark_dirty(_id(number), now=stamp(app.clock.now()))])
    app.clock.advance(minutes=5)
    app.ctx.catalogs.current()
    meter = app.meter
    meter.clear()
    tasks = list(due_tasks(app.ctx, USAGE_CHECK))
    queries, finding = meter.calls, meter.read_units
    meter.clear()
    done: list[str] = []
    for place, task in enumerate(tasks):
        done += run_task(app.ctx, task)
        progress(place, used)
    calls, read, written = meter.calls, meter.read_units, meter.write_units
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
        left=len(list(due_tasks(app.ctx, USAGE_CHECK))),
    )


def _account(app: App, number: int, opens: datetime, *, has_used: bool) -> Iterator[Put]:
    id, schedule = _id(number), schedule_from(opens, "UTC")
    period = period_of(schedule, opens)
    account = Account(
        id=id,
        email=f"{id}@example.com",
        created_at=opens,
        status="active",
        plan="hobby",
        subscription_id=id,
        subscribed_at=opens,
        schedule=schedule,
        first_period_at=opens,
        closing_cursor=ClosingCursor(period),
        counts=Counts(budget_count=1),
    )
    yield put_account(account)
    yield put_budget(Budget(1, id, 100_000_000, created_at=opens, updated_at=opens))
    if has_used:
        version = app.ctx.catalogs.current().version
        (period_key,) = open_period(account, BillingPeriod(period, account.plan, version, shards=1, is_open=True))
        yield Put(period_key.key, {**period_key.item, "q:cpu_seconds": _LITTLE if number % 10 else _HALF, "version": 1})


def _id(number: int) -> str:
    return derived_id("sweep", str(number))
