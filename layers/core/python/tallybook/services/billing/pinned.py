"""What a period pinned: its plan and its prices. Nothing that is stored makes them unreadable.

Catalog versions never change and are cached, so this reads nothing in the usual case. Other versions are read only for
a period that lacks its plan, or the price of something that was counted in it, as earlier releases could store it.
"""

from collections.abc import Iterable, Iterator

from tallybook.domain.billing_period import BillingPeriod
from tallybook.domain.catalog import Catalog, Plan
from tallybook.domain.price_list import Pin, PriceList
from tallybook.services.context import Context


def pinned_prices(
    ctx: Context, billing_period: BillingPeriod, counted: Iterable[tuple[str, str | None]] = ()
) -> PriceList:
    """The prices of the period, with one for each `counted` (meter, sku) that a version of the catalog sells."""
    former, counted = billing_period.former, tuple(counted)
    prices = PriceList(
        own=Pin(ctx.catalogs.version(billing_period.catalog_version), billing_period.plan),
        former=Pin(ctx.catalogs.version(former.catalog_version), former.plan) if former else None,
    )
    others = _other_versions(ctx, billing_period)
    while prices.lacks(counted) and (other := next(others, None)) is not None:
        prices = prices.with_other(other)
    return prices


def pinned_plan(ctx: Context, billing_period: BillingPeriod) -> Plan:
    """The period's plan, by its pinned catalog, or by the first later one that has it.

    An earlier release could pin a catalog that had been cached before the plan was added to it.
    """
    plan, version = billing_period.plan, billing_period.catalog_version
    while (found := ctx.catalogs.version(version).plans.get(plan)) is None:
        version += 1
    return found


def _other_versions(ctx: Context, billing_period: BillingPeriod) -> Iterator[Catalog]:
    """The pinned version, for its prices for other plans; then the earlier ones, newest first; then the later ones."""
    pinned = billing_period.catalog_version
    yield from map(ctx.catalogs.version, range(pinned, 0, -1))
    yield from map(ctx.catalogs.version, range(pinned + 1, ctx.catalogs.current().version + 1))
