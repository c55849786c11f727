"""Checks of a budget's terms, which root users set: amount, thresholds, addresses.

Source: docs/decisions.md, "Budgets".
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal

from tallybook.domain.budgets import COOLDOWN, PLACES, Budget, Threshold
from tallybook.domain.emails import distinct, normalize_email
from tallybook.domain.errors import Invalid, TooManyRequests
from tallybook.domain.money import EXACT, MICROS, decimals, places
from tallybook.domain.times import whole_seconds

MOST_THRESHOLDS = 20
MOST_REMEMBERED = 80
MOST_EMAILS = 20
HIGHEST = 1000
MOST_AMOUNT = 10**15
_HUNDREDTH = Decimal(1).scaleb(-PLACES)


def check_amount(amount: Decimal, *, currency: str) -> int:
    """The amount in micros: above 0, at most 10^15, with no more decimals than the currency has."""
    if not 0 < amount <= MOST_AMOUNT:
        raise Invalid("budget_amount must be above 0 and at most 10^15", field="budget_amount")
    if places(amount) > decimals(currency):
        raise Invalid(f"budget_amount must have at most {decimals(currency)} decimals", field="budget_amount")
    return int(EXACT.multiply(amount, Decimal(MICROS)))


def check_thresholds(thresholds: Sequence[Threshold]) -> tuple[Threshold, ...]:
    """The thresholds, lowest first: at most 20 different ones, above 0 and at most 1000, with at most 2 decimals."""
    check_threshold_count(len(thresholds))
    seen: set[Decimal] = set()
    for index, threshold in enumerate(thresholds):
        percent = threshold.percent
        if not percent.is_finite() or not 0 < percent <= HIGHEST or places(percent) > PLACES:
            rule = f"{percent:.9g} must be above 0 and at most {HIGHEST}, with at most {PLACES} decimals"
            raise _invalid(f"alert_thresholds.{index}.percent: {rule}", index=index)
        if percent in seen:
            raise _invalid(f"alert_thresholds.{index}.percent: {percent:.9g} stands there twice", index=index)
        seen.add(percent)
    exact = (one._replace(percent=one.percent.quantize(_HUNDREDTH, context=EXACT)) for one in thresholds)
    return tuple(sorted(exact, key=lambda one: one.percent))


def check_threshold_count(count: int) -> None:
    """Invalid `invalid_thresholds` over 20."""
    if count > MOST_THRESHOLDS:
        raise _invalid(f"alert_thresholds has {count}; {MOST_THRESHOLDS} are the most")


def check_new_thresholds(before: Budget, edited: Budget, *, now: datetime) -> None:
    """At most 80 thresholds are stored: those of the edited budget, and those that alerted in the last 24 hours.

    TooManyRequests if new thresholds exceed that, until the 24 hours of enough replaced thresholds have passed.
    """
    percents = {threshold.percent for threshold in edited.thresholds}
    remembered = before.alerts.keys() | percents
    new = percents - before.alerts.keys() - {threshold.percent for threshold in before.thresholds}
    if new and (over := len(remembered) - MOST_REMEMBERED) > 0:
        free = sorted(alert.at + COOLDOWN for percent, alert in before.alerts.items() if percent not in percents)
        wait = whole_seconds(free[over - 1] - now)
        raise TooManyRequests("alert_thresholds has changed too often; try again later", retry_after=max(1, wait))


def check_emails(emails: Iterable[str]) -> tuple[str, ...]:
    """Each address once, in the given order; at most 20."""
    checked = distinct(
        normalize_email(email, field=f"notification_emails.{index}") for index, email in enumerate(emails)
    )
    if len(checked) > MOST_EMAILS:
        raise Invalid(f"notification_emails may have at most {MOST_EMAILS} addresses", field="notification_emails")
    return checked


def _invalid(message: str, *, index: int | None = None) -> Invalid:
    name = "alert_thresholds" if index is None else f"alert_thresholds.{index}.percent"
    return Invalid(message, code="invalid_thresholds", field=name)
