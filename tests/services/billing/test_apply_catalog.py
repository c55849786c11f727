"""The operator's catalog can't take a plan, its interval or the currency away from under its accounts."""

import pytest

from tallybook.domain.errors import Invalid
from tests.support.app import App


def test_a_plan_that_accounts_may_be_on_stays_in_the_catalog(app: App) -> None:
    plans = app.catalog_data()["plans"]
    with pytest.raises(Invalid) as refused:
        app.apply_catalog(plans={name: plan for name, plan in plans.items() if name != "pro"})
    assert "plans.pro" in refused.value.message


def test_a_new_plan_may_come(app: App) -> None:
    plans = app.catalog_data()["plans"]
    app.apply_catalog(plans=plans | {"team": plans["pro"]})
    assert "team" in app.ctx.catalogs.current().plans


def test_the_currency_stays_for_balances_and_invoices_are_in_it(app: App) -> None:
    before = app.stored("core")
    with pytest.raises(Invalid) as refused:
        app.apply_catalog(currency="EUR")
    assert refused.value.field == "currency"
    assert "USD" in refused.value.message
    assert app.stored("core") == before
    app.apply_catalog(tax_rate="20")
    assert app.ctx.catalogs.current().tax_rate == 20


def test_the_first_catalog_may_be_in_any_currency(empty_app: App) -> None:
    empty_app.apply_catalog(currency="JPY")
    assert empty_app.ctx.catalogs.current().currency == "JPY"


@pytest.mark.parametrize(("present", "wanted"), [("month", "year"), ("year", "month")])
def test_a_plans_interval_stays_for_its_fee_is_due_by_it(app: App, present: str, wanted: str) -> None:
    plans = app.catalog_data()["plans"]
    team = plans["pro"] | {"billing_interval": present}
    app.apply_catalog(plans=plans | {"team": team})
    before = app.stored("core")
    with pytest.raises(Invalid) as refused:
        app.apply_catalog(plans=plans | {"team": team | {"billing_interval": wanted}})
    assert refused.value.field == "plans"
    assert f"plans.team.billing_interval must stay {present}" in refused.value.message
    assert app.stored("core") == before
    app.apply_catalog(plans=plans | {"team": team | {"price": "21"}})
    assert app.ctx.catalogs.current().plans["team"].price == 21_000_000
