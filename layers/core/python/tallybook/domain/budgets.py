"""A budget: what an account means to spend within a period, and the thresholds of it that somebody is told of.

A threshold alerts once for each time that usage comes to it, and not again within 24 hours of its last alert in the
period: then it is due when they end, if usage is still there. Everything is decided on shown amounts, in micros.
Source: ScaleBox budgets; money, "Budgets"; decisions, ScaleBox.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import ROUND_FLOOR, Decimal, localcontext
from typing import Literal

from tallybook.domain.errors import Invalid
from tallybook.domain.money import EXACT, places

type LimitType = Literal["soft", "hard"]
type ThresholdType = Literal["warning", "exceeded"]

CHECK_EVERY = timedelta(minutes=5)
COOLDOWN = timedelta(hours=24)
MOST_THRESHOLDS = 20
HIGHEST = 1000
MOST_AMOUNT = 10**15 * 1_000_000
_PLACES = 2


@dataclass(frozen=True, slots=True)
class Threshold:
    """A percentage of the budget, above 0 and at most 1000."""

    percent: Decimal
    enabled: bool = True

    @property
    def type(self) -> ThresholdType:
        return "warning" if self.percent < 100 else "exceeded"


DEFAULT_THRESHOLDS = (Threshold(Decimal(50)), Threshold(Decimal(80)), Threshold(Decimal(100)))


@dataclass(frozen=True, slots=True)
class Alert:
    """When a threshold last alerted in the period, and whether usage has not been below it since."""

    at: datetime
    holds: bool


@dataclass(frozen=True, slots=True)
class Budget:
    """An account's one budget, its `number`th ever; `amount` is micros. `alerts` are those of the period that began at
    `period_start`, by percent.
    """

    number: int
    account_id: str
    amount: int
    created_at: datetime
    updated_at: datetime
    thresholds: tuple[Threshold, ...] = DEFAULT_THRESHOLDS
    limit_type: LimitType = "soft"
    emails: tuple[str, ...] = ()
    is_active: bool = True
    period_start: datetime | None = None
    alerts: Mapping[Decimal, Alert] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Checked:
    """What a check came to: the budget then, the thresholds that alert now, lowest first, and the instant at which one
    that is silenced is due.
    """

    budget: Budget
    fired: tuple[Threshold, ...]
    due: datetime | None


def check(budget: Budget, *, used: int, period_start: datetime, now: datetime) -> Checked:
    """The budget held against what the period that began then has come to."""
    alerts = dict(budget.alerts) if budget.period_start == period_start else {}
    fired: list[Threshold] = []
    due: datetime | None = None
    for threshold in sorted(budget.thresholds, key=lambda one: one.percent):
        last = alerts.get(threshold.percent)
        if not is_reached(threshold, budget.amount, used=used):
            if last is not None:
                alerts[threshold.percent] = replace(last, holds=False)
        elif (last is not None and last.holds) or not (threshold.enabled and budget.is_active):
            continue
        elif last is None or now >= last.at + COOLDOWN:
            alerts[threshold.percent] = Alert(now, holds=True)
            fired.append(threshold)
        else:
            due = last.at + COOLDOWN if due is None else min(due, last.at + COOLDOWN)
    kept = _worth_keeping(alerts, budget.thresholds, now=now)
    return Checked(replace(budget, period_start=period_start, alerts=kept), tuple(fired), due)


def is_reached(threshold: Threshold, amount: int, *, used: int) -> bool:
    with localcontext(EXACT):
        return Decimal(used) * 100 >= threshold.percent * amount


def is_restricted(budget: Budget, *, used: int) -> bool:
    """A hard, active budget that is used up: no session starts until it is not any more."""
    return budget.limit_type == "hard" and budget.is_active and used >= budget.amount


def percentage_used(budget: Budget, *, used: int) -> Decimal:
    """Two decimals, rounded down."""
    with localcontext(EXACT):
        return (Decimal(used) * 100 / budget.amount).quantize(Decimal("0.01"), rounding=ROUND_FLOOR)


def check_amount(amount: int) -> int:
    """Above 0, in micros."""
    if not 0 < amount <= MOST_AMOUNT:
        raise Invalid("budget_amount must be above 0 and at most 10^15", field="budget_amount")
    return amount


def check_thresholds(thresholds: Sequence[Threshold]) -> tuple[Threshold, ...]:
    """Lowest first: at most 20, no two alike, each above 0 and at most 1000 with at most 2 decimals."""
    if len(thresholds) > MOST_THRESHOLDS:
        raise _wrong(f"alert_thresholds has {len(thresholds)}; {MOST_THRESHOLDS} are the most")
    seen: set[Decimal] = set()
    for threshold in thresholds:
        percent = threshold.percent
        if not percent.is_finite() or not 0 < percent <= HIGHEST or places(percent) > _PLACES:
            raise _wrong(f"alert_thresholds: {percent} must be above 0 and at most {HIGHEST}, with at most 2 decimals")
        if percent in seen:
            raise _wrong(f"alert_thresholds: {percent} stands there twice")
        seen.add(percent)
    return tuple(sorted(thresholds, key=lambda one: one.percent))


def _worth_keeping(
    alerts: Mapping[Decimal, Alert], thresholds: Sequence[Threshold], *, now: datetime
) -> dict[Decimal, Alert]:
    """Of thresholds that are no more, only what would still silence them if they came back."""
    present = {threshold.percent for threshold in thresholds}
    return {percent: alert for percent, alert in alerts.items() if percent in present or now < alert.at + COOLDOWN}


def _wrong(message: str) -> Invalid:
    return Invalid(message, code="invalid_thresholds", field="alert_thresholds")
