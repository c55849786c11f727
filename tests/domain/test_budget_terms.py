"""The limits on a budget's terms; a refusal names the wrong field."""

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from tallybook.domain.budget_terms import (
    MOST_AMOUNT,
    MOST_REMEMBERED,
    check_amount,
    check_emails,
    check_new_thresholds,
    check_thresholds,
)
from tallybook.domain.budgets import LastAlert, Threshold, evaluate
from tallybook.domain.errors import Invalid, TooManyRequests
from tests.domain.budget_checks import APRIL, BUDGET, UNIT, spent
from tests.support.budgets import thresholds


def alerted(number: int, *, at: datetime = APRIL) -> dict[Decimal, LastAlert]:
    return {Decimal(percent): LastAlert(at, still_reached=False) for percent in range(1, number + 1)}


@pytest.mark.parametrize(
    ("percents", "place", "message"),
    [
        (["0"], 0, "0 must be above 0"),
        (["50", "-5"], 1, "-5 must be"),
        (["1000.01"], 0, "1000.01 must be"),
        (["50.125"], 0, "50.125 must be"),
        (["NaN"], 0, "NaN must be"),
        (["50", "50.0"], 1, "50.0 stands there twice"),
        ([str(number) for number in range(1, 22)], None, "has 21; 20 are the most"),
    ],
)
def test_an_invalid_threshold_is_refused_by_its_place(percents: list[str], place: int | None, message: str) -> None:
    field = "alert_thresholds" if place is None else f"alert_thresholds.{place}.percent"
    with pytest.raises(Invalid) as refused:
        check_thresholds(thresholds(*percents))
    assert (refused.value.code, refused.value.field) == ("invalid_thresholds", field)
    assert message in refused.value.message


def test_thresholds_are_kept_lowest_first() -> None:
    assert check_thresholds(thresholds(100, "0.01", 1000)) == thresholds("0.01", 100, 1000)
    assert check_thresholds(()) == ()


@pytest.mark.parametrize(
    ("amount", "currency", "message"),
    [
        ("0", "USD", "above 0"),
        ("-0.01", "USD", "above 0"),
        ("1000000000000000.01", "USD", "at most 10^15"),
        ("0.001", "USD", "at most 2 decimals"),
        ("0.5", "JPY", "at most 0 decimals"),
        ("0.0001", "KWD", "at most 3 decimals"),
    ],
)
def test_an_amount_is_positive_with_the_currencys_decimals_or_refused(amount: str, currency: str, message: str) -> None:
    with pytest.raises(Invalid) as refused:
        check_amount(Decimal(amount), currency=currency)
    assert refused.value.field == "budget_amount"
    assert message in refused.value.message


@pytest.mark.parametrize(
    ("amount", "currency", "micros"),
    [
        ("0.01", "USD", 10_000),
        ("100", "USD", 100 * UNIT),
        ("1.500", "USD", 1_500_000),
        ("1e3", "JPY", 1000 * UNIT),
        ("0.001", "KWD", 1000),
        (str(MOST_AMOUNT), "USD", MOST_AMOUNT * UNIT),
    ],
)
def test_an_amount_is_kept_in_micros(amount: str, currency: str, micros: int) -> None:
    assert check_amount(Decimal(amount), currency=currency) == micros


def test_each_address_is_kept_once_in_the_sent_order() -> None:
    assert check_emails([" B@x.example", "a@x.example", "b@X.example "]) == ("b@x.example", "a@x.example")
    assert check_emails([]) == ()


def test_at_most_twenty_addresses_are_kept_and_an_invalid_one_is_named() -> None:
    many = [f"{number}@x.example" for number in range(21)]
    assert len(check_emails([*many[:20], "0@X.example"])) == 20
    with pytest.raises(Invalid, match="at most 20"):
        check_emails(many)
    with pytest.raises(Invalid) as refused:
        check_emails(["a@x.example", "nobody"])
    assert refused.value.field == "notification_emails.1"


def test_a_percent_with_many_zeros_is_kept_with_two_decimals() -> None:
    (kept,) = check_thresholds([Threshold(Decimal("50." + "0" * 60))])
    assert str(kept.percent) == "50.00"


def test_thresholds_may_change_up_to_the_number_remembered_for_a_day() -> None:
    now = APRIL + timedelta(hours=3)
    before = replace(BUDGET, thresholds=(), alerts=alerted(MOST_REMEMBERED - 2))
    check_new_thresholds(before, replace(before, thresholds=thresholds(500, 600)), now=now)
    with pytest.raises(TooManyRequests) as refused:
        check_new_thresholds(before, replace(before, thresholds=thresholds(500, 600, 700)), now=now)
    assert refused.value.retry_after == 21 * 3600


def test_beyond_the_remembered_number_only_new_thresholds_are_refused() -> None:
    now = APRIL + timedelta(hours=3)
    before = replace(BUDGET, thresholds=thresholds(*range(1, 21)), alerts=alerted(MOST_REMEMBERED + 20))
    for fewer in (thresholds(), thresholds(7), thresholds(7, 90)):
        check_new_thresholds(before, replace(before, thresholds=fewer, amount=1), now=now)
    with pytest.raises(TooManyRequests):
        check_new_thresholds(before, replace(before, thresholds=thresholds(7, 500)), now=now)


def test_a_change_after_the_returned_retry_time_is_accepted() -> None:
    before = replace(
        BUDGET,
        thresholds=thresholds(500),
        alerts=alerted(MOST_REMEMBERED, at=APRIL + timedelta(hours=47))
        | {Decimal(500): LastAlert(APRIL, still_reached=True)},
    )
    now, after = APRIL + timedelta(hours=48), replace(before, thresholds=thresholds(500, 600))
    with pytest.raises(TooManyRequests) as refused:
        check_new_thresholds(before, after, now=now)
    later = now + timedelta(seconds=refused.value.retry_after)
    forgotten = evaluate(before, [spent(0)], now=later).budget
    check_new_thresholds(forgotten, replace(forgotten, thresholds=after.thresholds), now=later)
