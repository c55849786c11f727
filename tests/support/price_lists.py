"""The prices of a period from all stored catalog versions."""

from collections.abc import Mapping

from tallybook.domain.billing_period import BillingPeriod
from tallybook.domain.catalog import Catalog
from tallybook.domain.price_list import Pin, PriceList


def price_list(catalogs: Mapping[int, Catalog], opened: BillingPeriod) -> PriceList:
    pinned, former = opened.catalog_version, opened.former
    versions = [*range(pinned, 0, -1), *range(pinned + 1, max(catalogs) + 1)]
    return PriceList(
        own=Pin(catalogs[pinned], opened.plan),
        former=Pin(catalogs[former.catalog_version], former.plan) if former else None,
        others=tuple(catalogs[version] for version in versions),
    )
