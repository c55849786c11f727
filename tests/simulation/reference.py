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
        """The cost of all usage of the period, late usage included, and of base fees without usage; each meter is rated
        and rounded once.
        """
        start, end, whole, *_ = period
        part = Fraction((end - start) // timedelta(milliseconds=1), (whole - start) // timedelta(milliseconds=1))
        base_fees = (meter for meter, row in catalog["meters"].items() if has_base_fee(row["prices"][0]))
        sums = dict.fromkeys(base_fees, Fraction(0))
        for at, meter, quantity in self.used:
            if start <= at < end:
                sums[meter] = sums.get(meter, Fraction(0)) + quantity
        return sum(half_up(100 * cost(catalog["meters"][meter]["prices"][0], sums[meter], part)) for meter in sums)

    def fee(self, catalog: dict[str, Any], period: tuple[datetime, datetime, datetime, int, int], discount: Any) -> int:
        start, end, whole, turn, month = period
        plan = catalog["plans"][self.plans[turn][1]]
        since, until = start, whole
        if plan["billing_interval"] == "year":
            if month % YEAR != YEAR - 1 and end == whole:
                return 0
            since, until = (self.bounds(turn, month // YEAR * YEAR + shift) for shift in (0, YEAR))
        price = half_up(100 * Fraction(plan["price"]))
        charged = price - half_up(price * Fraction(discount) / 100)
        idle = sum((max(timedelta(), min(end, to) - max(since, of)) for of, to in self.suspended), timedelta())
        proration_credit = half_up(charged * Fraction((until - end) / timedelta(milliseconds=1)) / span(since, until))
        barred = half_up(charged * Fraction(idle / timedelta(milliseconds=1)) / span(since, until))
        return charged - proration_credit - min(barred, charged - proration_credit)


def has_base_fee(price: dict[str, Any]) -> bool:
    return "sku" not in price and price["model"] in ("graduated", "volume") and "flat_fee" in price["tiers"][0]


def cost(price: dict[str, Any], quantity: Fraction, part: Fraction) -> Fraction:
    """The five price models. Of allowance and tier bounds, and of flat fees, a cut period has its part."""

    def number(name: str) -> Fraction:
        return Fraction(price.get(name) or 0)

    def scaled(bound: Any) -> Fraction:
        return min(Fraction(bound), Fraction(ceil(10**9 * Fraction(bound) * part), 10**9))

    billable = max(Fraction(0), quantity - scaled(number("allowance")))
    if price["model"] == "flat":
        return number("amount") * part
    if price["model"] == "per_unit":
        return billable * number("unit_price")
    if price["model"] == "package":
        return ceil(billable / number("block")) * number("unit_price")
    low, total = Fraction(0), Fraction(0)
    for index, tier in enumerate(price["tiers"]):
        high = scaled(tier["up_to"]) if tier.get("up_to") else max(low, billable) + 1
        fee, unit_price = Fraction(tier.get("flat_fee") or 0) * part, Fraction(tier["unit_price"])
        entered = index == 0 or low < billable
        if price["model"] == "volume" and (entered and billable <= high):
            return fee + billable * unit_price
        if price["model"] == "graduated" and entered and (index == 0 or low < high):
            total += fee + (min(billable, high) - low) * unit_price
        low = high
    return total


def span(since: datetime, until: datetime) -> Fraction:
    return Fraction((until - since) // timedelta(milliseconds=1))


def half_up(amount: Fraction) -> int:
    """Round half away from zero."""
    return floor(abs(amount) + Fraction(1, 2)) * (-1 if amount < 0 else 1)
