"""A change of plan gives no second helping: what was used ahead of time counts as used in the new period."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from math import ceil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tallybook.domain.billing_period import BillingPeriod
from tallybook.domain.monthly_use import monthly_use, use_ahead
from tallybook.domain.periods import Period
from tallybook.domain.quotas import MONTHLY, Quota
from tests.support.hypothesis_settings import deterministic

CPU = "cpu_seconds_monthly"
JUNE = Period(datetime(2026, 6, 1, tzinfo=UTC), datetime(2026, 7, 1, tzinfo=UTC), "UTC")
OPENED = BillingPeriod(JUNE, plan="pro", catalog_version=1, shards=1, is_open=True)
HUNDRED = {CPU: 100}


def ahead(
    used: str, part: Fraction, *, old: Quota = HUNDRED, new: Quota = HUNDRED, carried: str = "0"
) -> dict[str, Decimal]:
    use = {**dict.fromkeys(MONTHLY, Decimal(0)), CPU: Decimal(used)}
    return use_ahead(use, {CPU: Decimal(carried)}, old=old, new=new, part=part)


@pytest.mark.parametrize(
    ("used", "carried", "part", "expected"),
    [
        pytest.param("100", "0", Fraction(1, 10), "90", id="all is used after a tenth of the month"),
        pytest.param("100", "0", Fraction(1), "0", id="all is used at its end"),
        pytest.param("150", "0", Fraction(1), "50", id="more than all is used at its end"),
        pytest.param("50", "0", Fraction(1, 2), "0", id="half is used in half of the month"),
        pytest.param("10", "0", Fraction(1, 2), "-40", id="less was used than time went by"),
        pytest.param("0", "90", Fraction(1, 30), "86.666666666", id="a third rounds the limit's part up"),
        pytest.param("10", "90", Fraction(1, 10**15), "99.999999999", id="what was carried in counts as used"),
    ],
)
def test_use_ahead_is_what_exceeds_the_part_of_the_limit_that_ran(
    used: str, carried: str, part: Fraction, expected: str
) -> None:
    assert ahead(used, part, carried=carried) == {CPU: Decimal(expected)}


def test_a_field_without_limit_carries_nothing_of_its_own() -> None:
    assert ahead("100", Fraction(1, 10), old={"ram_gb_seconds": 7}) == {"ram_gb_seconds": Decimal("-0.7")}
    assert ahead("100", Fraction(1, 10), old={"concurrent_sandboxes": 1, "template_storage_gb": 5}) == {}


def test_use_carried_into_an_unlimited_period_is_worked_off_by_the_new_limit() -> None:
    assert ahead("500", Fraction(1, 10), old={}, carried="90") == {CPU: 80}
    assert ahead("500", Fraction(1, 10), old={}, new={}, carried="90") == {CPU: 90}


def test_all_skus_of_a_meter_are_used_of_its_field() -> None:
    quantities = {("cpu_seconds", None): Decimal(2), ("cpu_seconds", "L"): Decimal(3), ("credits", None): Decimal(9)}
    assert monthly_use(quantities) == {**dict.fromkeys(MONTHLY, 0), CPU: 5}


def test_only_use_ahead_of_time_counts_in_the_new_period() -> None:
    opened = replace(OPENED, ahead={CPU: Decimal(90), "ram_gb_seconds": Decimal(-3), "traffic_gb_seconds": Decimal(0)})
    assert opened.carried_use == {CPU: 90}
    assert OPENED.carried_use == {}


months = st.lists(
    st.tuples(
        st.one_of(st.none(), st.integers(0, 1000)),  # the limit of the plan
        st.integers(1, 30 * 86_400_000),  # how many milliseconds of its month ran
        st.integers(0, 10**9),  # how much the account tries to use, in thousandths
    ),
    min_size=1,
    max_size=20,
)


@deterministic
@given(months)
def test_changes_of_plan_never_admit_more_than_what_ran_and_one_limit(
    plans: list[tuple[int | None, int, int]],
) -> None:
    """Usage is admitted up to the limit, less what was carried.

    In all it is at most the sum of the limits' parts that ran, and the highest limit once. A plan without the limit
    works off by the next plan's.
    """
    quotas = [{} if limit is None else {CPU: limit} for limit, _, _ in plans]
    carried, admitted, worked_off = Decimal(0), Decimal(0), Decimal(0)
    for index, (limit, ran, tried) in enumerate(plans):
        opened = replace(OPENED, ahead={CPU: carried})
        if limit is not None:
            use = max(Decimal(0), min(Decimal(tried).scaleb(-3), limit - opened.carried_use.get(CPU, Decimal(0))))
            admitted += use
        else:
            use = Decimal(tried)
        highest = max((quota.get(CPU, 0) for quota in quotas[: index + 1]), default=0)
        assert admitted <= worked_off + highest
        if index + 1 == len(plans):
            return
        part = opened.cut(JUNE.start + timedelta(milliseconds=ran)).part
        limit_of_time = quotas[index].get(CPU, quotas[index + 1].get(CPU, 0))
        worked_off += Decimal(ceil(limit_of_time * part * 10**9)).scaleb(-9)
        after = use_ahead(
            {**dict.fromkeys(MONTHLY, Decimal(0)), CPU: use},
            opened.carried_use,
            old=quotas[index],
            new=quotas[index + 1],
            part=part,
        )
        carried = after.get(CPU, Decimal(0))


@deterministic
@given(limit=st.integers(1, 1000), changes=st.lists(st.integers(1, 10**9), min_size=1, max_size=20))
def test_using_all_that_is_left_each_time_admits_exactly_that_bound(limit: int, changes: list[int]) -> None:
    carried, admitted, worked_off = Decimal(0), Decimal(0), Decimal(0)
    for ran in changes:
        use = limit - carried
        admitted += use
        assert admitted == worked_off + limit
        part = OPENED.cut(JUNE.start + timedelta(milliseconds=ran)).part
        worked_off += Decimal(ceil(limit * part * 10**9)).scaleb(-9)
        carried = ahead(str(use), part, old={CPU: limit}, new={CPU: limit}, carried=str(carried))[CPU]
