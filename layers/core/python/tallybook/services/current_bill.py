"""What an account's open period costs so far: one query, however many events it took."""

from tallybook.domain.accounts import Account
from tallybook.domain.bill import CurrentBilling, current_bill
from tallybook.domain.catalog import Catalog
from tallybook.domain.periods import period_of
from tallybook.domain.usage import Quantities
from tallybook.domain.usage_period import OpenedPeriod
from tallybook.services.context import Context
from tallybook.services.periods import open_period
from tallybook.store.commands import Item
from tallybook.store.periods import billed_range, day_of_counter, is_fence, quantities_of, read_opened


def read_current_bill(ctx: Context, account: Account) -> CurrentBilling:
    """The estimate for the period that contains now, opened by this read if nothing did before."""
    now = ctx.clock.now()
    period = period_of(account.calendar, now)
    pk, start, end = billed_range(account.id, period.start)
    items = list(ctx.tables.query("usage", pk, start=start, end=end))
    opened = _opened(items) or open_period(ctx, account, period)
    catalog: Catalog = ctx.catalogs.version(opened.catalog_version)
    by_day: dict[str, list[Item]] = {}
    for item in items:
        if not is_fence(item):
            by_day.setdefault(day_of_counter(item), []).append(item)
    days: dict[str, Quantities] = {day: quantities_of(counters) for day, counters in by_day.items()}
    return CurrentBilling(
        bill=current_bill(
            catalog,
            plan=opened.plan,
            period=opened.period,
            quantities=quantities_of(item for item in items if is_fence(item)),
            by_day=days,
            now=now,
        ),
        plan=catalog.plans[opened.plan],
        currency=catalog.currency,
        active_sessions=account.running,
        completed_sessions=opened.completed_sessions,
    )


def _opened(items: list[Item]) -> OpenedPeriod | None:
    """The pinned facts stand on the fence's first shard."""
    return next((read_opened(item) for item in items if is_fence(item) and "start" in item), None)
