"""The figures of the design that do not depend on the machine."""

import pytest

from tests.bench.figures import figures, read_goal
from tests.support.call import call
from tests.support.house import House


def test_every_call_stays_within_its_round_trips_and_units(house: House) -> None:
    missed = [figure for figure in figures(house) if not figure.reached]
    assert missed == []


def test_authentication_is_one_round_trip_of_three_units(house: House) -> None:
    member = house.member()
    call("GET", "/auth/me", key=member.api_key)
    house.ctx.tables.bill.clear()
    call("GET", "/auth/me", key=member.api_key)
    assert (house.ctx.tables.bill.calls, house.ctx.tables.bill.read_units) == (1, 3.0)


@pytest.mark.parametrize("days", [1, 30])
def test_the_bill_of_a_busy_account_reads_like_that_of_a_new_one(house: House, days: int) -> None:
    """Eight meters and skus on each day of a month are 31 more counters, and no further round trip."""
    member = house.member()
    whats = [
        ("cpu_seconds", None),
        ("ram_gb_seconds", None),
        ("sandbox_storage_gb_seconds", None),
        ("traffic_gb_seconds", None),
        ("container_minutes", "S"),
        ("container_minutes", "M"),
        ("addon_minutes", "mysql-starter"),
        ("template_storage_gb_hours", None),
    ]
    for _ in range(days):
        house.record(*[house.event(member, meter=meter, sku=sku, quantity="1234.5") for meter, sku in whats])
        house.clock.advance(days=1)
    house.clock.advance(hours=-13)
    call("GET", "/v1/billing/current", key=member.api_key)
    house.ctx.tables.bill.clear()
    call("GET", "/v1/billing/current", key=member.api_key)
    assert house.ctx.tables.bill.calls == 2
    assert house.ctx.tables.bill.read_units <= read_goal(house)
