"""The prices of one period, so that all usage counted in it has one, and every caller finds the same.

A period pins a catalog and a plan. If a plan change re-pins a period that is open already, the new pin may lack what
was counted before; the former pin has it. Source: docs/money.md, "Prices".
"""

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import NamedTuple, Self

from tallybook.domain.catalog import Catalog, Meter, Price


class Pin(NamedTuple):
    """A catalog, and the plan whose prices apply."""

    catalog: Catalog
    plan: str


class Priced(NamedTuple):
    """A meter, with its price for one sku and plan."""

    meter: Meter
    price: Price


class PriceList(NamedTuple):
    """The period's own pin, and its `former` one.

    `others` are further catalogs, for periods that earlier releases stored without their former pin. They are searched
    in this order, and sell at the price for the period's plan, else at that for any plan.
    """

    own: Pin
    former: Pin | None = None
    others: tuple[Catalog, ...] = ()

    @property
    def currency(self) -> str:
        return self.own.catalog.currency

    def find(self, name: str, sku: str | None) -> Priced | None:
        """The meter and its price for the sku; None if no catalog sells it.

        A meter that settles in another way by the former pin keeps that, because what was counted is settled that way.
        """
        pinned = [found for pin in (self.own, self.former) if pin and (found := _pinned(pin, name, sku))]
        if pinned and pinned[0].meter.settles != pinned[-1].meter.settles:
            return pinned[-1]
        return next(chain(pinned, self._sold_by_others(name, sku)), None)

    def sells(self, name: str) -> bool:
        """Whether a pinned catalog has the meter, with or without a price for this plan."""
        return any(pin is not None and name in pin.catalog.meters for pin in (self.own, self.former))

    def lacks(self, metered: Iterable[tuple[str, str | None]]) -> bool:
        """Whether one of these (meter, sku) has no price."""
        return any(self.find(*meter_and_sku) is None for meter_and_sku in metered)

    def with_other(self, catalog: Catalog) -> Self:
        return self._replace(others=(*self.others, catalog))

    def _sold_by_others(self, name: str, sku: str | None) -> Iterator[Priced]:
        for catalog in self.others:
            if (meter := catalog.meters.get(name)) is not None:
                price = meter.price(plan=self.own.plan, sku=sku)
                any_plan = (one for one in meter.prices if one.sku == sku)
                if (found := price or next(any_plan, None)) is not None:
                    yield Priced(meter, found)


def _pinned(pin: Pin, name: str, sku: str | None) -> Priced | None:
    meter = pin.catalog.meters.get(name)
    price = meter.price(plan=pin.plan, sku=sku) if meter else None
    return Priced(meter, price) if meter and price else None
