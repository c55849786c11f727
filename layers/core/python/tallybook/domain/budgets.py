"""A budget: the amount that an account plans to spend in a period, with thresholds that alert.

A threshold alerts once for each crossing. If it is crossed again within 24 hours of its last alert in the period, it
alerts when the 24 hours are over, provided that usage still reaches it. Each period starts without alerts. Amounts are
micros, in whole minor units.
Source: docs/money.md, "Budgets"; docs/decisions.md, "Budgets".
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Literal, NamedTuple

from tallybook.domain.money import EXACT
from tallybook.domain.periods import Period

type LimitType = Literal["soft", "hard"]
type ThresholdType = Literal["warning", "exceeded"]

CHECK_EVERY = timedelta(minutes=5)
COOLDOWN = timedelta(hours=24)
PLACES = 2
_TICK = timedelta(milliseconds=1)


class Threshold(NamedTuple):
    """A percentage of the budget, above 0 and at most 1000."""

    percent: Decimal
    enabled: bool = True

    @property
    def type(self) -> ThresholdType:
        return "warning" if self.percent < 100 else "exceeded"


DEFAULT_THRESHOLDS = (Threshold(Decimal(50)), Threshold(Decimal(80)), Threshold(Decimal(100)))


class LastAlert(NamedTuple):
    """When a threshold last alerted in the period, and whether usage has stayed at or above it since."""

    at: datetime
    still_reached: bool


@dataclass(frozen=True, slots=True)
class Budget:
    """The budget of an account; `number` counts the account's budgets. `amount` is micros.

    `alerts`: the last alerts by percent, in the period that began at `period_start`. `restricted`: the restriction of
    sessions was announced. `due`: when to check even without new usage, because a cooldown or a restricted period ends.
    `version` counts the writes.
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
    alerts: Mapping[Decimal, LastAlert] = field(default_factory=dict)
    restricted: bool = False
    due: datetime | None = None
    version: int = 1

    @property
    def terms(self) -> tuple[object, ...]:
        """The fields that root users set."""
        return (self.amount, self.thresholds, self.limit_type, self.emails, self.is_active)

    @property
    def hard_limit(self) -> int | None:
        """No session starts once this amount is used; None if there is no such limit."""
        return self.amount if self.limit_type == "hard" and self.is_active else None


class Spending(NamedTuple):
    """What an account has used in a period, in micros."""

    period: Period
    used: int


class ThresholdAlert(NamedTuple):
    """Thresholds that alert together, lowest first, with the budget and the spending at that time."""

    budget: Budget
    thresholds: tuple[Threshold, ...]
    spending: Spending


class Evaluation(NamedTuple):
    """The budget after an evaluation, and the alerts: at most one for each period."""

    budget: Budget
    alerts: tuple[ThresholdAlert, ...]


def evaluate(budget: Budget, spending: Sequence[Spending], *, now: datetime) -> Evaluation:
    """Compare the budget with what was used in ended periods, and in the current period, which comes last.

    An ended period is evaluated as of its end. It is skipped if the budget was set after that end, or was evaluated for
    a later period already.
    """
    alerts: list[ThresholdAlert] = []
    for spent in spending:
        if _applies_to(budget, spent.period, now=now):
            budget, thresholds = _evaluate_period(budget, spent, now=min(now, spent.period.end - _TICK))
            alerts += [ThresholdAlert(budget, thresholds, spent)] if thresholds else []
    return Evaluation(budget, tuple(alerts))


def is_restricted(budget: Budget, *, used: int) -> bool:
    """Whether a hard, active budget is used up, so that no session starts."""
    return budget.hard_limit is not None and used >= budget.hard_limit


def percentage_used(amount: int, *, used: int) -> Decimal:
    """Two decimals, rounded down. A threshold has two decimals at most, so `>=` compares exactly."""
    return Decimal(used * 100 * 10**PLACES // amount).scaleb(-PLACES, context=EXACT)


def _applies_to(budget: Budget, period: Period, *, now: datetime) -> bool:
    if budget.period_start is not None and period.start < budget.period_start:
        return False
    return period.contains(now) or budget.updated_at < period.end


def _evaluate_period(budget: Budget, spent: Spending, *, now: datetime) -> tuple[Budget, tuple[Threshold, ...]]:
    """The budget after the evaluation, and the thresholds that alert; the same object if nothing changed."""
    before = budget.alerts if budget.period_start == spent.period.start else {}
    percentage = percentage_used(budget.amount, used=spent.used)
    restricted = is_restricted(budget, used=spent.used)
    due = [spent.period.end] if restricted else []
    alerting: list[Threshold] = []
    alerts = _removed_thresholds(budget, before, now=now)
    for threshold in budget.thresholds:
        last = before.get(threshold.percent)
        if percentage < threshold.percent:
            last = _end_crossing(last) if last else None
        elif (last is None or not last.still_reached) and threshold.enabled and budget.is_active:
            if last is None or now >= last.at + COOLDOWN:
                last = LastAlert(now, still_reached=True)
                alerting.append(threshold)
            else:
                due.append(last.at + COOLDOWN)
        if last is not None:
            alerts[threshold.percent] = last
    next_due = min(due, default=None)
    if restricted == budget.restricted and next_due == budget.due and alerts == budget.alerts:
        return budget, ()
    evaluated = replace(budget, period_start=spent.period.start, alerts=alerts, restricted=restricted, due=next_due)
    return evaluated, tuple(alerting)


def _removed_thresholds(
    budget: Budget, alerts: Mapping[Decimal, LastAlert], *, now: datetime
) -> dict[Decimal, LastAlert]:
    """The last alerts of removed thresholds. Their cooldown goes on, in case the same threshold is set again."""
    removed = alerts.keys() - {threshold.percent for threshold in budget.thresholds} if alerts else ()
    return {percent: _end_crossing(alerts[percent]) for percent in removed if now < alerts[percent].at + COOLDOWN}


def _end_crossing(alert: LastAlert) -> LastAlert:
    return alert._replace(still_reached=False) if alert.still_reached else alert
