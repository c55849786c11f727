"""Usage history counts each day's costs once, across periods, and splits them over sessions."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tallybook.domain.bill import CostLine, PeriodCosts, utc_days
from tallybook.domain.errors import Invalid
from tallybook.domain.history import Range, history, range_of, session_costs
from tallybook.domain.periods import Period
from tallybook.domain.usage import Quantities
from tests.domain.instants import at
from tests.support.hypothesis_settings import deterministic

NOW = at("2026-04-20T12:34:56Z")
CENT = 10_000


def costs(start: str, end: str, by_type: dict[str, dict[str, int]], *lines: CostLine) -> PeriodCosts:
    """A period's costs by type and day, given in cents."""
    period = Period(at(start), at(end), "UTC")
    days = utc_days(period.start, period.end - timedelta(seconds=1))
    spread = {kind: tuple(of.get(day, 0) * CENT for day in days) for kind, of in by_type.items()}
    return PeriodCosts(period, 1, lines, days, spread)


def test_a_range_defaults_to_the_last_30_days() -> None:
    assert range_of(None, None, now=NOW) == Range(NOW - timedelta(days=30), NOW)
    end = at("2026-03-15T00:00Z")
    assert range_of(None, end, now=NOW) == Range(end - timedelta(days=30), end)
    assert range_of(end, None, now=NOW) == Range(end, NOW)
    assert range_of(NOW, NOW, now=NOW) == Range(NOW, NOW)


@pytest.mark.parametrize(
    ("start", "end", "field"),
    [
        ("2026-04-20T00:00:00.001Z", "2026-04-20T00:00Z", "end"),
        ("2026-05-01T00:00Z", None, "end"),
        ("2025-01-01T00:00Z", "2026-01-02T00:00:00.001Z", "start"),
        ("2025-01-01T00:00Z", None, "start"),
    ],
)
def test_a_range_must_end_after_its_start_and_last_at_most_366_days(start: str, end: str | None, field: str) -> None:
    with pytest.raises(Invalid) as refused:
        range_of(at(start), at(end) if end else None, now=NOW)
    assert (refused.value.code, refused.value.field) == ("invalid_date_range", field)


def test_a_range_of_a_leap_year_is_accepted() -> None:
    assert len(range_of(at("2024-01-01T00:00Z"), at("2025-01-01T00:00Z"), now=NOW).days) == 367


def test_the_days_of_a_range_are_whole_utc_days() -> None:
    expected = Range(at("2026-04-18T22:00Z"), at("2026-04-20T01:00Z"))
    assert expected.days == ("2026-04-18", "2026-04-19", "2026-04-20")
    assert (expected.first_instant, expected.last_instant) == (at("2026-04-18T00:00Z"), at("2026-04-20T23:59:59.999Z"))


def test_a_day_that_two_periods_share_has_the_costs_of_both() -> None:
    """The plan changes at noon of the 11th: costs before and after it belong to one day."""
    before = costs("2026-04-01T00:00Z", "2026-04-11T12:00Z", {"sandbox": {"2026-04-10": 5, "2026-04-11": 3}})
    after = costs("2026-04-11T12:00Z", "2026-05-11T12:00Z", {"sandbox": {"2026-04-11": 4}, "app": {"2026-04-13": 2}})
    usage_history = history(Range(at("2026-04-10T00:00Z"), at("2026-04-13T00:00Z")), [before, after], [])
    daily = [("2026-04-10", 5), ("2026-04-11", 7), ("2026-04-12", 0), ("2026-04-13", 2)]
    assert usage_history.daily_costs == tuple((day, cents * CENT) for day, cents in daily)
    assert usage_history.total == 14 * CENT
    breakdown = [(part.resource_type, part.cost, str(part.percentage)) for part in usage_history.breakdown]
    assert breakdown == [("sandbox", 12 * CENT, "85.71"), ("app", 2 * CENT, "14.29")]


def test_days_outside_the_range_are_left_out() -> None:
    month = costs("2026-04-01T00:00Z", "2026-05-01T00:00Z", {"sandbox": {"2026-04-10": 5, "2026-04-12": 3}})
    usage_history = history(Range(at("2026-04-11T00:00Z"), at("2026-04-11T23:00Z")), [month], [])
    assert (usage_history.daily_costs, usage_history.total, usage_history.breakdown) == ((("2026-04-11", 0),), 0, ())


CPU = CostLine("cpu_seconds", None, "sandbox", Decimal(10), 100 * CENT)
RAM = CostLine("ram", None, "sandbox", Decimal(3), 10 * CENT)


def parts(used: dict[str, Quantities], *lines: CostLine) -> dict[str, int]:
    return session_costs(costs("2026-04-01T00:00Z", "2026-05-01T00:00Z", {}, *lines), used, unit=CENT)


def test_a_session_costs_its_part_of_each_line_by_quantity() -> None:
    used: dict[str, Quantities] = {
        "x": {("cpu_seconds", None): Decimal("2.5"), ("ram", None): Decimal(1)},
        "y": {("cpu_seconds", None): Decimal("7.5"), ("ram", None): Decimal(1)},
        "z": {},
    }
    # memory's 0.10 has three equal parts: x gets the odd cent, y 0.03, no session 0.03
    assert parts(used, CPU, RAM) == {"x": 29 * CENT, "y": 78 * CENT, "z": 0}


def test_usage_without_a_session_is_nobodys_cost() -> None:
    assert parts({"x": {("cpu_seconds", None): Decimal(4)}}, CPU) == {"x": 40 * CENT}
    assert parts({}, CPU) == {}


quantities = st.decimals(0, 10**6, places=6)


@deterministic
@given(used=st.lists(quantities, min_size=1, max_size=8), rest=quantities, amount=st.integers(0, 10**6))
def test_sessions_costs_never_exceed_their_line(used: list[Decimal], rest: Decimal, amount: int) -> None:
    line = CostLine("cpu_seconds", None, "sandbox", sum(used, rest), amount * CENT)
    session_costs = parts({f"s{index}": {("cpu_seconds", None): part} for index, part in enumerate(used)}, line)
    assert all(part >= 0 and part % CENT == 0 for part in session_costs.values())
    assert sum(session_costs.values()) <= line.amount
    if not rest:
        assert sum(session_costs.values()) == line.amount


@deterministic
@given(
    cents=st.lists(st.integers(0, 10**6), min_size=60, max_size=60),
    cut=st.integers(1, 58),
)
def test_two_adjacent_ranges_add_up_to_one_over_both(cents: list[int], cut: int) -> None:
    days = utc_days(at("2026-04-01T00:00Z"), at("2026-05-30T00:00Z"))
    of_day = dict(zip(days, cents, strict=True))
    periods = [
        costs("2026-04-01T00:00Z", "2026-05-01T00:00Z", {"sandbox": of_day}),
        costs("2026-05-01T00:00Z", "2026-05-31T00:00Z", {"sandbox": of_day}),
    ]

    def total(first: str, last: str) -> int:
        return history(Range(at(f"{first}T00:00Z"), at(f"{last}T23:00Z")), periods, []).total

    assert total(days[0], days[cut]) + total(days[cut + 1], days[-1]) == total(days[0], days[-1]) == sum(cents) * CENT


def test_a_period_that_starts_at_noon_keeps_costs_on_their_days() -> None:
    """A month of 31 days that starts at noon touches 32 days."""
    month = costs("2026-05-11T12:00Z", "2026-06-11T12:00Z", {"sandbox": {"2026-05-11": 1, "2026-06-11": 2}})
    assert len(month.days) == 32
    assert (
        history(Range(datetime(2026, 5, 1, tzinfo=UTC), datetime(2026, 6, 30, tzinfo=UTC)), [month], []).total == 30_000
    )
