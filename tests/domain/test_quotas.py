"""Quotas: sums of allocations, what fits a plan, and how much of an allocation is used."""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from tallybook.domain.errors import Invalid
from tallybook.domain.quotas import (
    FIELDS,
    MAX_QUOTA,
    Allocation,
    AllocationStatus,
    QuotaRequest,
    RequestStatus,
    Use,
    adjust_sums,
    check_active,
    check_fits,
    check_numbers,
    check_pending,
    newly_reached,
    without_nulls,
)

NOW = datetime(2026, 4, 20, tzinfo=UTC)
CPU, RAM = "cpu_seconds_monthly", "ram_gb_seconds"


@pytest.mark.parametrize(
    ("less", "more", "sums"),
    [
        ({}, {RAM: 5}, {CPU: 10, RAM: 5}),
        ({CPU: 4}, {CPU: 7}, {CPU: 13}),
        ({CPU: 4}, {}, {CPU: 6}),
        ({CPU: 10}, {RAM: 0}, {}),
    ],
)
def test_sums_follow_a_replaced_allocation(
    less: Mapping[str, int], more: Mapping[str, int], sums: dict[str, int]
) -> None:
    assert adjust_sums({CPU: 10}, less=less, more=more) == sums


def test_sums_up_to_the_plan_and_fields_without_a_limit_fit() -> None:
    check_fits({CPU: 10, RAM: MAX_QUOTA}, {CPU: 10})
    check_fits({}, {CPU: 0})


def test_a_sum_over_the_plan_is_refused_with_sum_and_limit() -> None:
    with pytest.raises(Invalid) as refused:
        check_fits({CPU: 11, RAM: 8}, {CPU: 10, RAM: 7})
    assert (refused.value.code, refused.value.field) == ("quota_exceeds_plan", CPU)
    assert "ram_gb_seconds: allocations add up to 8, and the plan has 7" in str(refused.value)
    with pytest.raises(Invalid) as refused:
        check_fits({CPU: 11}, {CPU: 10}, field="plan_name")
    assert refused.value.field == "plan_name"


def test_numbers_are_from_0_to_a_quadrillion() -> None:
    check_numbers({CPU: 0, RAM: 10**15, "traffic_gb_seconds": None})
    for number in (-1, 10**15 + 1):
        with pytest.raises(Invalid) as refused:
            check_numbers({CPU: 1, RAM: number})
        assert refused.value.field == RAM


def test_a_null_is_no_limit() -> None:
    assert without_nulls({CPU: None, RAM: 0}) == {RAM: 0}


@pytest.mark.parametrize(
    ("used", "limit", "remaining", "percentage", "reached"),
    [
        ("0", 10, 10, "0.00", 0),
        ("7.999999", 10, "2.000001", "79.99", 0),
        ("8", 10, 2, "80.00", 80),
        ("9.9999999", 10, "0.0000001", "99.99", 80),
        ("10", 10, 0, "100.00", 100),
        ("25", 10, 0, "250.00", 100),
        ("0", 0, 0, "100", 100),
        ("0.1", 0, 0, "100", 100),
        ("1E+28", 3, 0, "333333333333333333333333333333.33", 100),
    ],
)
def test_use_has_the_rest_the_percentage_and_the_reached_mark(
    used: str, limit: int, remaining: int | str, percentage: str, reached: int
) -> None:
    use = Use(CPU, Decimal(used), limit)
    assert (use.remaining, use.percentage, use.reached) == (Decimal(remaining), Decimal(percentage), reached)


def test_use_without_a_limit_has_no_rest_and_reaches_nothing() -> None:
    use = Use(CPU, Decimal(5), None)
    assert (use.remaining, use.percentage, use.reached) == (None, None, 0)


def test_a_field_notifies_at_80_and_100_percent_and_concurrency_never() -> None:
    uses = [Use(name, Decimal(9), 10) for name in FIELDS]
    reached = newly_reached(uses, {CPU: 80})
    assert reached == dict.fromkeys((name for name in FIELDS if name not in (CPU, "concurrent_sandboxes")), 80)
    full = [Use(name, Decimal(10), 10) for name in (CPU, RAM)]
    assert newly_reached(full, {CPU: 80, RAM: 100}) == {CPU: 100}


def test_an_allocation_of_zero_notifies_once_something_is_used() -> None:
    assert newly_reached([Use(CPU, Decimal(0), 0), Use(RAM, Decimal("0.1"), 0)], {}) == {RAM: 100}


@pytest.mark.parametrize("status", ["active", "revoked"])
def test_only_an_active_allocation_changes(status: AllocationStatus) -> None:
    one = Allocation("q", "a", "u", "r", {}, NOW, NOW, status)
    if status == "active":
        return check_active(one)
    with pytest.raises(Invalid) as refused:
        check_active(one)
    assert refused.value.code == "allocation_not_active"
    return None


@pytest.mark.parametrize("status", ["pending", "approved", "denied"])
def test_only_a_pending_request_is_decided(status: RequestStatus) -> None:
    one = QuotaRequest("r", "a", "u", {}, "why", NOW, status)
    if status == "pending":
        return check_pending(one)
    with pytest.raises(Invalid) as refused:
        check_pending(one)
    assert refused.value.code == "request_decided"
    assert status in str(refused.value)
    return None
