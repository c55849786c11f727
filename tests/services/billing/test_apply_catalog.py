"""The operator's catalog can't take a plan, its interval or the currency away from under its accounts."""

import pytest

from tallybook.domain.errors import Invalid
from tests.support.house import House


def test_a_plan_that_accounts_may_be_on_stays_in_the_catalog(house: House) -> None:
    plans = house.catalog_data()["plans"]
    with pytest.raises(Invalid) as refused:
        house.apply_catalog(plans={name: plan for name, plan in plans.items() if name != "pro"})
    assert "plans.pro" in refused.value.message


def test_a_new_plan_may_come(house: House) -> None:
    plans = house.catalog_data()["plans"]
    house.apply_catalog(plans=plans | {"team": plans["pro"]})
    assert "team" in house.ctx.catalogs.current().plans


def test_the_currency_stays_for_balances_and_invoices_are_in_it(house: House) -> None:
    before = house.stored("core")
    with pytest.raises(Invalid) as refused:
        house.apply_catalog(currency="EUR")
    assert refused.value.field == "currency"
    assert "USD" in refused.value.message
    assert house.stored("core") == before
    house.apply_catalog(tax_rate="20")
    assert house.ctx.catalogs.current().tax_rate == 20


def test_the_first_catalog_may_be_in_any_currency(empty_house: House) -> None:
    empty_house.apply_catalog(currency="JPY")
    assert empty_house.ctx.catalogs.current().currency == "JPY"


@pytest.mark.parametrize(("present", "wanted"), [("month", "year"), ("year", "month")])
def test_a_plans_interval_stays_for_its_fee_is_due_by_it(house: House, present: str, wanted: str) -> None:
    plans = house.catalog_data()["plans"]
    team = plans["pro"] | {"billing_interval": present}
    house.apply_catalog(plans=plans | {"team": team})
    before = house.stored("core")
    with pytest.raises(Invalid) as refused:
        house.apply_catalog(plans=plans | {"team": team | {"billing_interval": wanted}})
    assert refused.value.field == "plans"
    assert f"plans.team.billing_interval must stay {present}" in refused.value.message
    assert house.stored("core") == before
    house.apply_catalog(plans=plans | {"team": team | {"price": "21"}})
    assert house.ctx.catalogs.current().plans["team"].price == 21_000_000
