"""A new catalog must keep the plans, intervals and currency that accounts use."""

import pytest

from tallybook.domain.errors import Invalid
from tallybook.services.billing.apply_catalog import apply_catalog, apply_first_catalog
from tests.support.app import App
from tests.support.race import interleave


def test_a_catalog_without_an_existing_plan_is_refused(app: App) -> None:
    plans = app.catalog_data()["plans"]
    with pytest.raises(Invalid) as refused:
        app.apply_catalog(plans={name: plan for name, plan in plans.items() if name != "pro"})
    assert "plans.pro" in refused.value.message


def test_a_catalog_with_a_new_plan_is_applied(app: App) -> None:
    plans = app.catalog_data()["plans"]
    app.apply_catalog(plans=plans | {"team": plans["pro"]})
    assert "team" in app.ctx.catalogs.current().plans


def test_a_plan_that_another_call_adds_meanwhile_is_not_dropped(app: App) -> None:
    """The successor is checked against the version that it replaces, not against the one that was read first."""
    plans = app.catalog_data()["plans"]

    def add_team() -> None:
        app.apply_catalog(plans=plans | {"team": plans["pro"]})

    ctx = interleave(app, "transact_write_items", add_team)
    with pytest.raises(Invalid) as refused:
        apply_catalog(ctx, app.catalog_data() | {"tax_rate": "20"})
    assert "plans.team" in refused.value.message
    assert app.ctx.catalogs.current().version == 2


def test_a_catalog_in_another_currency_is_refused(app: App) -> None:
    before = app.stored("core")
    with pytest.raises(Invalid) as refused:
        app.apply_catalog(currency="EUR")
    assert refused.value.field == "currency"
    assert "USD" in refused.value.message
    assert app.stored("core") == before
    app.apply_catalog(tax_rate="20")
    assert app.ctx.catalogs.current().tax_rate == 20


def test_the_first_catalog_may_have_any_currency(empty_app: App) -> None:
    empty_app.apply_catalog(currency="JPY")
    assert empty_app.ctx.catalogs.current().currency == "JPY"


@pytest.mark.parametrize(("present", "applied"), [("month", "year"), ("year", "month")])
def test_a_catalog_with_another_interval_of_a_plan_is_refused(app: App, present: str, applied: str) -> None:
    plans = app.catalog_data()["plans"]
    team = plans["pro"] | {"billing_interval": present}
    app.apply_catalog(plans=plans | {"team": team})
    before = app.stored("core")
    with pytest.raises(Invalid) as refused:
        app.apply_catalog(plans=plans | {"team": team | {"billing_interval": applied}})
    assert refused.value.field == "plans"
    assert f"plans.team.billing_interval must stay {present}" in refused.value.message
    assert app.stored("core") == before
    app.apply_catalog(plans=plans | {"team": team | {"price": "21"}})
    assert app.ctx.catalogs.current().plans["team"].price == 21_000_000


def test_the_first_catalog_never_replaces_one(empty_app: App) -> None:
    data = empty_app.catalog_data()
    first = apply_first_catalog(empty_app.ctx, data)
    assert first is not None
    assert first.version == 1
    assert apply_first_catalog(empty_app.ctx, data) is None
    assert apply_first_catalog(empty_app.ctx, data | {"welcome_credit": 7}) is None
    assert empty_app.ctx.catalogs.stored()[0] == 1


def test_the_first_catalog_yields_to_one_applied_at_the_same_moment(empty_app: App) -> None:
    data = empty_app.catalog_data()
    ctx = interleave(empty_app, "transact_write_items", lambda: empty_app.apply_catalog(welcome_credit=7))
    assert apply_first_catalog(ctx, data) is None
    assert empty_app.ctx.catalogs.stored()[2]["welcome_credit"] == 7
