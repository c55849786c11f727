"""The catalog: what is sold, and for how much. A period pins the version that it opens with.

`parse_catalog` checks nothing: `tallybook.cli.catalog_file` has checked the data before it was stored.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Literal, NamedTuple

from tallybook.domain.quotas import CONCURRENT, FIELDS, Quota, without_nulls

Settles = Literal["invoice", "wallet"]
Model = Literal["per_unit", "graduated", "volume", "package", "flat"]


class Tier(NamedTuple):
    """Units up to and including `up_to` (None: all), each at `unit_price`; `flat_fee` once the tier is entered."""

    up_to: Decimal | None
    unit_price: Decimal
    flat_fee: Decimal = Decimal(0)


class Price(NamedTuple):
    """One of five price models. The `allowance` is free: it is subtracted from the quantity first.

    Amounts are exact, in currency units.
    """

    model: Model
    unit_price: Decimal = Decimal(0)
    amount: Decimal = Decimal(0)
    block: Decimal = Decimal(1)
    tiers: tuple[Tier, ...] = ()
    allowance: Decimal = Decimal(0)
    sku: str | None = None
    plans: tuple[str, ...] = ()


class Meter(NamedTuple):
    name: str
    resource_type: str
    unit: str
    settles: Settles
    prices: tuple[Price, ...]

    def price(self, *, plan: str, sku: str | None) -> Price | None:
        """The price of this sku for this plan, else the one for all plans; None if the sku is not sold."""
        found = [price for price in self.prices if price.sku == sku and (not price.plans or plan in price.plans)]
        return max(found, key=lambda price: bool(price.plans), default=None)


class Plan(NamedTuple):
    """`price` is the fee of a month, or of a year if `billing_interval` is "year", in micros."""

    name: str
    display_name: str
    description: str
    price: int
    billing_interval: Literal["month", "year"]
    limits: Mapping[str, int | None]

    @property
    def is_free(self) -> bool:
        return self.price == 0

    @property
    def quotas(self) -> Quota:
        """The limits of the whole account. Two limits concern concurrency; the smaller one applies."""
        quotas = without_nulls({name: self.limits.get(name) for name in FIELDS})
        most = self.limits.get("max_concurrent_sandboxes")
        return quotas if most is None else quotas | {CONCURRENT: min(most, quotas.get(CONCURRENT, most))}


class Package(NamedTuple):
    """Prepaid credits for sale."""

    id: str
    name: str
    price_cents: int
    credits: int


class Catalog(NamedTuple):
    """`tax_rate`: the percentage for accounts that have none of their own. `smallest_charge`, in micros: no reminder is
    mailed for less. `welcome_credit` is in micros, too.
    """

    version: int
    currency: str
    welcome_credit: int
    free_plan: str
    plans: Mapping[str, Plan]
    meters: Mapping[str, Meter]
    packages: tuple[Package, ...]
    tax_rate: Decimal = Decimal(0)
    smallest_charge: int = 500_000


def parse_catalog(data: Mapping[str, Any], *, version: int) -> Catalog:
    """The catalog from checked data, in which decimals are text."""
    return Catalog(
        version=version,
        currency=data["currency"],
        welcome_credit=int(data["welcome_credit"]),
        free_plan=data["free_plan"],
        plans={name: _plan(name, plan) for name, plan in data["plans"].items()},
        meters={name: _meter(name, meter) for name, meter in data["meters"].items()},
        packages=tuple(
            Package(id=id, name=row["name"], price_cents=int(row["price_cents"]), credits=int(row["credits"]))
            for id, row in data["packages"].items()
        ),
        tax_rate=Decimal(data.get("tax_rate") or 0),
        smallest_charge=int(Decimal(data.get("smallest_charge") or "0.50").scaleb(6)),
    )


def _plan(name: str, data: Mapping[str, Any]) -> Plan:
    return Plan(
        name=name,
        display_name=data["display_name"],
        description=data["description"],
        price=int(Decimal(data["price"]).scaleb(6)),
        billing_interval=data["billing_interval"],
        limits={key: None if value is None else int(value) for key, value in data["limits"].items()},
    )


def _meter(name: str, data: Mapping[str, Any]) -> Meter:
    return Meter(
        name=name,
        resource_type=data["resource_type"],
        unit=data["unit"],
        settles=data["settles"],
        prices=tuple(_price(price) for price in data["prices"]),
    )


def _price(data: Mapping[str, Any]) -> Price:
    return Price(
        model=data["model"],
        unit_price=Decimal(data.get("unit_price") or 0),
        amount=Decimal(data.get("amount") or 0),
        block=Decimal(data.get("block") or 1),
        tiers=tuple(
            Tier(
                up_to=None if tier.get("up_to") is None else Decimal(tier["up_to"]),
                unit_price=Decimal(tier["unit_price"]),
                flat_fee=Decimal(tier.get("flat_fee") or 0),
            )
            for tier in data.get("tiers") or ()
        ),
        allowance=Decimal(data.get("allowance") or 0),
        sku=data.get("sku"),
        plans=tuple(data.get("plans") or ()),
    )
