"""The operator's catalog can't take a plan away from under its accounts."""

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
