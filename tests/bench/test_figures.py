"""The design's figures that don't depend on the machine."""

from typing import Any

import pytest

from tests.bench.budget_figures import budget_figures
from tests.bench.budget_sweep import sweep
from tests.bench.figures import figures, read_goal
from tests.bench.invoice_figures import add_sessions, create_payer, history_figure, invoice_figures
from tests.bench.invoicing import MOST_CALLS, MOST_WRITE_UNITS, tick
from tests.bench.quota_figures import quota_figures
from tests.support.app import App
from tests.support.call import call


@pytest.fixture
def emulated(_emulator: Any) -> Any:
    """A client of the emulator, which is exact under threads."""
    return _emulator[1]


def test_every_call_stays_within_its_round_trips_and_units(app: App) -> None:
    missed = [figure for figure in figures(app) if not figure.reached]
    assert missed == []


def test_invoice_calls_stay_within_their_round_trips_and_units(app: App) -> None:
    missed = [figure for figure in invoice_figures(app) if not figure.reached]
    assert missed == []


def test_quota_calls_stay_within_their_round_trips_and_units(app: App) -> None:
    missed = [figure for figure in quota_figures(app) if not figure.reached]
    assert missed == []


def test_budget_calls_stay_within_their_round_trips_and_units(app: App) -> None:
    missed = [figure for figure in budget_figures(app) if not figure.reached]
    assert missed == []


def test_a_sweeps_cost_depends_only_on_used_budgets(client: Any) -> None:
    few, many = sweep(client, 10, 10), sweep(client, 300, 10)
    assert (few.found, few.alerted, few.left) == (many.found, many.alerted, many.left) == (10, 1, 0)
    assert few.cost == many.cost


def test_a_sweep_over_idle_budgets_reads_no_item(client: Any) -> None:
    idle = sweep(client, 100, 0)
    assert (idle.found, idle.calls, idle.read_units, idle.write_units) == (0, 0, 0, 0)


def test_closing_costs_the_same_per_account_for_few_and_many(emulated: Any) -> None:
    few, many = tick(emulated, 100), tick(emulated, 300)
    assert (few.paid, many.paid) == (100, 300)
    assert (few.left, many.left) == (0, 0)
    assert few.calls == many.calls == MOST_CALLS
    assert few.write_units == many.write_units <= MOST_WRITE_UNITS
    assert few.read_units == many.read_units
    assert few.queries == many.queries


def test_a_historys_calls_do_not_grow_with_sessions_and_events(app: App) -> None:
    member, rows = create_payer(app), []
    for more in (10, 190, 800):
        add_sessions(app, member, more)
        app.record(*[app.event(member) for _ in range(more)])
        rows.append(history_figure(app, member, "history"))
    few, some, many = rows
    assert few.calls == some.calls == many.calls <= few.most_calls
    assert few.read_units < some.read_units == many.read_units


def test_authentication_is_one_round_trip_of_three_units(app: App) -> None:
    member = app.member()
    call("GET", "/auth/me", key=member.api_key)
    app.meter.clear()
    call("GET", "/auth/me", key=member.api_key)
    assert (app.meter.calls, app.meter.read_units) == (1, 3.0)


@pytest.mark.parametrize("days", [1, 30])
def test_a_busy_accounts_bill_takes_as_many_calls_as_a_new_ones(app: App, days: int) -> None:
    """Eight meters and skus on each day of a month are 31 more counters, but no further round trip."""
    member = app.member()
    meters = [
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
        app.record(*[app.event(member, meter=meter, sku=sku, quantity="1234.5") for meter, sku in meters])
        app.clock.advance(days=1)
    app.clock.advance(hours=-13)
    call("GET", "/v1/billing/current", key=member.api_key)
    app.meter.clear()
    call("GET", "/v1/billing/current", key=member.api_key)
    assert app.meter.calls == 2
    assert app.meter.read_units <= read_goal(app)
