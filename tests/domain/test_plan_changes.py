"""Whether a plan change is an upgrade, and which plans need money first."""

from typing import Literal

import pytest

from tallybook.domain.accounts import Counts, Wallet
from tallybook.domain.catalog import Plan
from tallybook.domain.plan_changes import missing_payment, reason_for
from tests.domain.fees import account
from tests.domain.fees import plan as plan_of

FREE, CHEAP, DEAR = plan_of(0), plan_of(20_000_000), plan_of(200_000_000)


@pytest.mark.parametrize(
    ("old", "old_interval", "new", "new_interval", "reason"),
    [
        (0, "month", 20, "month", "user_upgrade"),
        (20, "month", 0, "month", "user_downgrade"),
        (20, "month", 20, "month", "user_upgrade"),
        (20, "month", 240, "year", "user_upgrade"),
        (20, "month", 239, "year", "user_downgrade"),
        (241, "year", 20, "month", "user_downgrade"),
        (240, "year", 20, "month", "user_upgrade"),
        (100, "year", 100, "month", "user_upgrade"),
        (100, "year", 99, "year", "user_downgrade"),
    ],
)
def test_a_change_is_an_upgrade_if_a_month_costs_as_much_or_more(
    old: int, old_interval: Literal["month", "year"], new: int, new_interval: Literal["month", "year"], reason: str
) -> None:
    assert reason_for(plan_of(old, old_interval), plan_of(new, new_interval)) == reason


@pytest.mark.parametrize(
    ("balance", "welcome", "overdue", "plans", "code"),
    [
        pytest.param(1_000_000, 1_000_000, 0, (FREE, CHEAP), "payment_required", id="only the welcome credit"),
        pytest.param(1_000_001, 1_000_000, 0, (FREE, CHEAP), None, id="the welcome credit and a micro"),
        pytest.param(1_000_000, 1_000_000, 0, (FREE, CHEAP), "payment_required", id="a grant of 50.00, taken back"),
        pytest.param(999_999, 1_000_000, 0, (FREE, CHEAP), "payment_required", id="the welcome credit is spent last"),
        pytest.param(1, 0, 0, (FREE, CHEAP), None, id="a micro without welcome credit"),
        pytest.param(0, 0, 0, (FREE, CHEAP), "payment_required", id="no money at all"),
        pytest.param(-1, 0, 0, (FREE, CHEAP), "payment_required", id="more than everything is used"),
        pytest.param(0, 0, 0, (DEAR, CHEAP), "payment_required", id="a cheaper plan needs money too"),
        pytest.param(-5, 9, 3, (DEAR, FREE), None, id="a free plan needs nothing"),
        pytest.param(9, 0, 1, (CHEAP, DEAR), "invoice_overdue", id="an overdue invoice before a dearer plan"),
        pytest.param(9, 0, 1, (DEAR, CHEAP), None, id="an overdue invoice before a cheaper plan"),
        pytest.param(
            9, 0, 1, (CHEAP, plan_of(20_000_000)), None, id="an overdue invoice before a plan of the same price"
        ),
        pytest.param(9, 0, 1, (plan_of(240_000_000, "year"), CHEAP), None, id="a yearly price compared by the month"),
        pytest.param(
            0, 0, 1, (CHEAP, DEAR), "invoice_overdue", id="both are missing: the overdue invoice is reported first"
        ),
    ],
)
def test_a_paid_plan_needs_deposited_money_and_a_dearer_one_no_overdue_bill(
    balance: int, welcome: int, overdue: int, plans: tuple[Plan, Plan], code: str | None
) -> None:
    payer = account(wallet=Wallet(balance=balance), counts=Counts(overdue_count=overdue))
    missing = missing_payment(payer, *plans, welcome=welcome)
    assert (missing and missing.code) == code
