"""A bill is computed like an invoice: each (meter, sku) is rated once from its sum, rounded once, then added up."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tallybook.domain.bill import CurrentBill, costs_of, current_bill, lines_of, project_cost
from tallybook.domain.billing_period import BillingPeriod
from tallybook.domain.catalog import Catalog, Meter, Price
from tallybook.domain.periods import Period
from tallybook.domain.price_list import Pin, PriceList
from tallybook.domain.usage import Quantities
from tests.support.hypothesis_settings import deterministic

APRIL = Period(start=datetime(2026, 4, 1, tzinfo=UTC), end=datetime(2026, 5, 1, tzinfo=UTC), zone="UTC")
NOON = datetime(2026, 4, 20, 12, tzinfo=UTC)


def meter(name: str, resource_type: str, *prices: Price, settles: str = "invoice") -> Meter:
    return Meter(name=name, resource_type=resource_type, unit="unit", settles=settles, prices=prices)


def per_unit(price: str, **more: object) -> Price:
    return Price("per_unit", unit_price=Decimal(price), **more)


CATALOG = Catalog(
    version=1,
    currency="USD",
    welcome_credit=0,
    free_plan="hobby",
    plans={},
    meters={
        "cpu": meter("cpu", "sandbox", per_unit("0.000014"), per_unit("0.01", plans=("scale",))),
        "ram": meter("ram", "sandbox", per_unit("0.005")),
        "minutes": meter("minutes", "app", per_unit("0.005", sku="S"), per_unit("0.01", sku="M")),
        "credits": meter("credits", "app", per_unit("0.000001"), settles="wallet"),
    },
    packages=(),
)
HOBBY = PriceList(Pin(CATALOG, "hobby"))


def bill(quantities: Quantities, by_day: dict[str, Quantities] | None = None, now: datetime = NOON) -> CurrentBill:
    opened = BillingPeriod(period=APRIL, plan="hobby", catalog_version=1, shards=1, is_open=True)
    costs = costs_of(HOBBY, opened, quantities, by_day or {}, until=now)
    return current_bill(costs, currency=CATALOG.currency, now=now)


def test_each_meter_and_sku_is_rounded_once_and_then_summed() -> None:
    """Three lines of 0.005 make 0.03, not the 0.02 that rounding their sum would give."""
    used: Quantities = {("ram", None): Decimal(1), ("minutes", "S"): Decimal(1), ("minutes", "M"): Decimal("0.5")}
    assert [line.amount for line in lines_of(HOBBY, used)] == [10_000, 10_000, 10_000]
    assert bill(used).cost == 30_000


def test_a_quantity_is_summed_before_it_is_rated_and_rounded() -> None:
    assert bill({("ram", None): Decimal("0.9")}).cost == 0
    assert bill({("ram", None): Decimal("2.7")}).cost == 10_000


def test_a_meter_settled_by_the_wallet_is_not_on_the_bill() -> None:
    assert lines_of(HOBBY, {("credits", None): Decimal(10**9)}) == ()


def test_lines_are_sorted_by_meter_and_sku() -> None:
    used: Quantities = {(name, sku): Decimal(1) for name, sku in [("ram", None), ("minutes", "S"), ("minutes", "M")]}
    lines = lines_of(HOBBY, used)
    assert [(line.meter, line.sku) for line in lines] == [("minutes", "M"), ("minutes", "S"), ("ram", None)]


def test_a_plans_own_price_goes_before_the_general_price() -> None:
    used: Quantities = {("cpu", None): Decimal(1000)}
    assert lines_of(PriceList(Pin(CATALOG, "scale")), used)[0].amount == 10_000_000
    assert lines_of(HOBBY, used)[0].amount == 10_000


def test_the_example_of_the_api_document() -> None:
    """12.84 of which 11.70 are sandboxes: 91.12 %. On day 20 of 30 the projection is 19.26."""
    current = bill({("ram", None): Decimal(2340), ("minutes", "M"): Decimal(114)})
    assert current.cost == 12_840_000
    assert current.projected_cost == 19_260_000
    breakdown = [
        (cost_share.resource_type, cost_share.cost, str(cost_share.percentage)) for cost_share in current.breakdown
    ]
    assert breakdown == [("sandbox", 11_700_000, "91.12"), ("app", 1_140_000, "8.88")]


@pytest.mark.parametrize(
    ("cost", "now", "currency", "expected"),
    [
        (12_840_000, NOON, "USD", 19_260_000),
        (12_840_000, datetime(2026, 4, 1, tzinfo=UTC), "USD", 385_200_000),
        (12_840_000, datetime(2026, 4, 30, 23, tzinfo=UTC), "USD", 12_840_000),
        (12_840_000, datetime(2026, 6, 1, tzinfo=UTC), "USD", 12_840_000),
        (10_000, datetime(2026, 4, 12, tzinfo=UTC), "USD", 30_000),  # 0.025
        (10_000, datetime(2026, 4, 13, tzinfo=UTC), "USD", 20_000),  # 0.0230…
        (5_000_000, datetime(2026, 4, 4, tzinfo=UTC), "JPY", 38_000_000),  # 37.5
        (1_000, datetime(2026, 4, 12, tzinfo=UTC), "KWD", 3_000),  # 0.0025
        (0, NOON, "USD", 0),
        (10**40, datetime(2026, 4, 1, tzinfo=UTC), "USD", 30 * 10**40),
    ],
)
def test_a_projection_is_the_daily_cost_so_far_times_all_days(
    cost: int, now: datetime, currency: str, expected: int
) -> None:
    assert project_cost(cost, period=APRIL, now=now, currency=currency) == expected


def test_an_empty_period_costs_nothing_and_still_has_its_days() -> None:
    empty = bill({})
    assert (empty.cost, empty.projected_cost, empty.breakdown) == (0, 0, ())
    assert len(empty.daily_trend) == 20
    assert {cost for _, cost in empty.daily_trend} == {0}


def test_the_trend_has_one_entry_per_utc_day_from_start_to_today() -> None:
    days = [day for day, _ in bill({}).daily_trend]
    assert (days[0], days[-1], len(days)) == ("2026-04-01", "2026-04-20", 20)
    after = bill({}, now=datetime(2026, 7, 1, tzinfo=UTC)).daily_trend
    assert (after[-1][0], len(after)) == ("2026-04-30", 30)
    first = bill({}, now=APRIL.start).daily_trend
    assert [day for day, _ in first] == ["2026-04-01"]


def test_the_trend_spreads_each_line_over_its_days_by_quantity() -> None:
    used: Quantities = {("ram", None): Decimal(10), ("minutes", "M"): Decimal(3)}
    by_day: dict[str, Quantities] = {
        "2026-04-02": {("ram", None): Decimal(7)},
        "2026-04-05": {("ram", None): Decimal(3), ("minutes", "M"): Decimal(3)},
    }
    trend = dict(bill(used, by_day).daily_trend)
    # 0.05 by 7 and 3 is 0.035 and 0.015: equal remainders, so the earlier day gets the odd cent
    assert (trend["2026-04-02"], trend["2026-04-05"]) == (40_000, 40_000)
    assert sum(trend.values()) == bill(used).cost == 80_000


days = st.sampled_from([f"2026-04-{day:02}" for day in range(1, 21)])
metered_skus = st.sampled_from([("cpu", None), ("ram", None), ("minutes", "S"), ("minutes", "M"), ("credits", None)])
usage = st.dictionaries(
    days, st.dictionaries(metered_skus, st.decimals("0.000000001", 10**6, places=9), max_size=5), max_size=20
)


@deterministic
@given(by_day=usage)
def test_the_trend_and_the_breakdown_add_up_to_the_cost(by_day: dict[str, Quantities]) -> None:
    whole: Quantities = {}
    for quantities in by_day.values():
        for what, quantity in quantities.items():
            whole[what] = whole.get(what, Decimal(0)) + quantity
    current = bill(whole, by_day)
    assert sum(cost for _, cost in current.daily_trend) == current.cost
    assert sum(cost_share.cost for cost_share in current.breakdown) == current.cost
    assert all(cost >= 0 for _, cost in current.daily_trend)
    assert current.projected_cost >= current.cost


@deterministic
@given(by_day=usage, hours=st.integers(0, 30 * 24 - 1))
def test_usage_of_a_day_ahead_of_the_clock_is_in_the_trend(by_day: dict[str, Quantities], hours: int) -> None:
    """Clocks differ by seconds; the trend must still add up."""
    whole: Quantities = {("ram", None): Decimal(100)}
    current = bill(whole, by_day, now=APRIL.start + timedelta(hours=hours))
    assert sum(cost for _, cost in current.daily_trend) == current.cost == 500_000
