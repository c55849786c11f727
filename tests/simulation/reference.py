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
type Month = tuple[datetime, datetime, datetime, int, int]
"""(start, end, planned end, index of the plan, months since that plan began)"""


@dataclass
class Life:
    """An account's history: its plans with their start, its time zones, its usage, and its suspensions.

    `walls` has the local date and time of each plan's start, from which its months are counted.
    """

    zones: list[tuple[datetime, str]]
    plans: list[tuple[datetime, str]]
    walls: list[datetime]
    used: list[tuple[datetime, str, Fraction]] = field(default_factory=list)
    suspended: list[list[datetime]] = field(default_factory=list)

    def change_plan(self, at: datetime, plan: str) -> None:
        self.plans.append((at, plan))
        self.walls.append(at.astimezone(ZoneInfo(self.zones[-1][1])).replace(tzinfo=None))

    def periods(self, until: datetime) -> list[Month]:
        """Each period that ends until then."""
        found = []
        for turn, (began, _) in enumerate(self.plans):
            change = self.plans[turn + 1][0] if turn + 1 < len(self.plans) else until
            start, month = began, 0
            while start < change:
                end = self.boundary(turn, month + 1, zone=self.zone_of(turn, start))
                if end <= until:
                    found.append((start, min(end, change), end, turn, month))
                start, month = end, month + 1
        return found

    def boundary(self, turn: int, month: int, *, zone: str) -> datetime:
        """The plan's local date and time that many months later, clamped to the calendar month."""
        wall = self.walls[turn]
        year, index = divmod(wall.year * 12 + wall.month - 1 + month, 12)
        day = min(wall.day, monthrange(year, index + 1)[1])
        return wall.replace(year=year, month=index + 1, day=day, tzinfo=ZoneInfo(zone)).astimezone(UTC)

    def zone_of(self, turn: int, start: datetime) -> str:
        """The zone of the period that starts then: the last one set before; at once for a plan's first period."""
        first = start == self.plans[turn][0]
        return [zone for at, zone in self.zones if at < start or (first and at == start)][-1]

    def year(self, period: Month) -> tuple[datetime, datetime]:
        """The twelve months of the plan that contain the period."""
        start, _, _, turn, month = period
        first = month - month % YEAR
        starts = {(row[3], row[4]): row[0] for row in self.periods(start)} | {(turn, month): start}
        return starts[turn, first], self.boundary(turn, first + YEAR, zone=self.zone_of(turn, start))

    def usage(self, catalog: dict[str, Any], period: Month) -> int:
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

    def is_yearly(self, catalog: dict[str, Any], turn: int) -> bool:
        return bool(catalog["plans"][self.plans[turn][1]]["billing_interval"] == "year")

    def fee(
        self,
        opened: dict[datetime, tuple[dict[str, Any], Any]],
        period: Month,
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
            since, until = self.year(period)
        catalog, discount_then = opened[since]
        plan, discount = catalog["plans"][self.plans[turn][1]], discount_then if discount is None else discount
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
