"""A second implementation of billing in exact fractions, which uses no code of the product.

Amounts are cents, instants are aware datetimes, prices are as in the catalog file.
"""

from calendar import monthrange
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from math import ceil, floor
from typing import Any
from zoneinfo import ZoneInfo

YEAR = 12


@dataclass
class Life:
    """An account's history: its plans with their start, its usage, and its suspensions."""

    zone: str
    plans: list[tuple[datetime, str]]
    used: list[tuple[datetime, str, Fraction]] = field(default_factory=list)
    suspended: list[list[datetime]] = field(default_factory=list)

    def bounds(self, turn: int, month: int) -> datetime:
        """The start of a month of its `turn`-th plan, in local wall time, clamped to the calendar month."""
        anchor = self.plans[turn][0]
        if not month:
            return anchor
        wall = anchor.astimezone(ZoneInfo(self.zone))
        year, index = divmod(wall.year * 12 + wall.month - 1 + month, 12)
        day = min(wall.day, monthrange(year, index + 1)[1])
        return wall.replace(year=year, month=index + 1, day=day, fold=0).astimezone(UTC)

    def periods(self, until: datetime) -> list[tuple[datetime, datetime, datetime, int, int]]:
        """(start, end, planned end, turn, month) of each period that ends until then."""
        found = []
        for turn in range(len(self.plans)):
            change = self.plans[turn + 1][0] if turn + 1 < len(self.plans) else until
            month = 0
            while (start := self.bounds(turn, month)) < change:
                end = self.bounds(turn, month + 1)
                if end <= until:
                    found.append((start, min(end, change), end, turn, month))
                month += 1
        return found

    def usage(self, catalog: dict[str, Any], period: tuple[datetime, datetime, datetime, int, int]) -> int:
        """The cost of all usage of the period, late usage included; each meter is rated and rounded once."""
        start, end, whole, *_ = period
        part = Fraction((end - start) // timedelta(milliseconds=1), (whole - start) // timedelta(milliseconds=1))
        sums: dict[str, Fraction] = {}
        for at, meter, quantity in self.used:
            if start <= at < end:
                sums[meter] = sums.get(meter, Fraction(0)) + quantity
        return sum(half_up(100 * cost(catalog["meters"][meter]["prices"][0], sums[meter], part)) for meter in sums)

    def is_yearly(self, catalog: dict[str, Any], turn: int) -> bool:
        return bool(catalog["plans"][self.plans[turn][1]]["billing_interval"] == "year")

    def fee(
        self,
        opened: dict[datetime, tuple[dict[str, Any], Any]],
        period: tuple[datetime, datetime, datetime, int, int],
        discount: Any = None,
    ) -> int:
        """`opened`: catalog and discount when each period opened, by its start; those of a yearly fee are the first
        period's of its year. `discount` is that of a monthly fee, and of a reissue.
        """
        start, end, whole, turn, month = period
        since, until = start, whole
        if self.is_yearly(opened[start][0], turn):
            if month % YEAR != YEAR - 1 and end == whole:
                return 0
            since, until = (self.bounds(turn, month // YEAR * YEAR + shift) for shift in (0, YEAR))
        catalog, discount_then = opened[since]
        plan, discount = catalog["plans"][self.plans[turn][1]], discount_then if discount is None else discount
        price = half_up(100 * Fraction(plan["price"]))
        charged = price - half_up(price * Fraction(discount) / 100)
        idle = sum((max(timedelta(), min(end, to) - max(since, of)) for of, to in self.suspended), timedelta())
        proration_credit = half_up(charged * Fraction((until - end) / timedelta(milliseconds=1)) / span(since, until))
        barred = half_up(charged * Fraction(idle / timedelta(milliseconds=1)) / span(since, until))
        return charged - proration_credit - min(barred, charged - proration_credit)


def cost(price: dict[str, Any], quantity: Fraction, part: Fraction) -> Fraction:
    """The five price models; allowance and tier bounds are prorated to the part of the period and rounded up."""

    def number(name: str) -> Fraction:
        return Fraction(price.get(name) or 0)

    def scaled(bound: Any) -> Fraction:
        return Fraction(bound) if part == 1 else Fraction(ceil(Fraction(bound) * part))

    billable = max(Fraction(0), quantity - scaled(number("allowance")))
    tiers = [
        (
            scaled(tier["up_to"]) if tier.get("up_to") else None,
            Fraction(tier["unit_price"]),
            Fraction(tier.get("flat_fee") or 0),
        )
        for tier in price.get("tiers") or ()
    ]
    if price["model"] == "flat":
        return number("amount")
    if price["model"] == "per_unit":
        return billable * number("unit_price")
    if price["model"] == "package":
        return ceil(billable / number("block")) * number("unit_price")
    floors = [Fraction(0), *(bound for bound, *_ in tiers if bound is not None)]
    entered = [index for index, low in enumerate(floors) if not index or billable > low]
    if price["model"] == "volume":
        _, unit_price, flat_fee = tiers[entered[-1]]
        return flat_fee + billable * unit_price
    tops = [billable if tiers[index][0] is None else min(billable, tiers[index][0] or billable) for index in entered]
    return sum(
        (tiers[index][2] + (top - floors[index]) * tiers[index][1] for index, top in zip(entered, tops, strict=True)),
        Fraction(0),
    )


def span(since: datetime, until: datetime) -> Fraction:
    return Fraction((until - since) // timedelta(milliseconds=1))


def half_up(amount: Fraction) -> int:
    """Round half away from zero."""
    return floor(abs(amount) + Fraction(1, 2)) * (-1 if amount < 0 else 1)
