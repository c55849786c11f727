"""A budget: what an account means to spend within a period, and the thresholds of it that somebody is told of.

A threshold alerts once for each time that usage comes to it, and not again within 24 hours of its last alert in the
period: then it is due when they end, if usage is still there. A new period knows nothing of the one before: it may
alert within the same hour. Everything is decided on shown amounts, in micros.
Source: ScaleBox budgets; money, "Budgets"; decisions, ScaleBox.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Literal

from tallybook.domain.money import EXACT
from tallybook.domain.periods import Period

type LimitType = Literal["soft", "hard"]
type ThresholdType = Literal["warning", "exceeded"]

CHECK_EVERY = timedelta(minutes=5)
COOLDOWN = timedelta(hours=24)
PLACES = 2
_TICK = timedelta(milliseconds=1)


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
    contains: bool


@dataclass(frozen=True, slots=True)
class Budget:
    """An account's one budget, its `number`th ever; `amount` is micros.

    `alerts` are those of the period that began at `period_start`, by percent. `restricted` is whether it was announced
    that no session starts, `due` when it is to be looked at though nothing was used: a threshold is silent until then,
    or the period ends that it restricts. `version` counts the times that it was stored.
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
    restricted: bool = False
    due: datetime | None = None
    version: int = 1

    @property
    def terms(self) -> tuple[object, ...]:
        """All that root users set."""
        return (self.amount, self.thresholds, self.limit_type, self.emails, self.is_active)

    @property
    def hard_limit(self) -> int | None:
        """From where on no session starts, if anywhere."""
        return self.amount if self.limit_type == "hard" and self.is_active else None


@dataclass(frozen=True, slots=True)
class Spending:
    """What an account has used within a period, in micros."""

    period: Period
    used: int


@dataclass(frozen=True, slots=True)
class Reached:
    """The thresholds, lowest first, of a budget as it was then, that alert together, and what had been used."""

    budget: Budget
    thresholds: tuple[Threshold, ...]
    spending: Spending


@dataclass(frozen=True, slots=True)
class Checked:
    """The budget after a check, and what it found."""

    budget: Budget
    reached: tuple[Reached, ...]


def check(budget: Budget, spending: Sequence[Spending], *, now: datetime) -> Checked:
    """The budget held against the present period, which comes last, and before it those ended ones that nobody has
    looked at since something was used in them.

    Those are judged as of their ends, and by no budget that was set since.
    """
    found: list[Reached] = []
    for spent in spending:
        if _is_to_be_judged(budget, spent.period, now=now):
            budget, fired = _judge(budget, spent, now=min(now, spent.period.end - _TICK))
            found += [Reached(budget, fired, spent)] if fired else []
    return Checked(budget, tuple(found))


def _is_to_be_judged(budget: Budget, period: Period, *, now: datetime) -> bool:
    if budget.period_start is not None and period.start < budget.period_start:
        return False
    return period.contains(now) or budget.updated_at < period.end


def _judge(budget: Budget, spent: Spending, *, now: datetime) -> tuple[Budget, tuple[Threshold, ...]]:
    """The budget once it was held against one period, and what alerts; the very same where nothing is new."""
    before = budget.alerts if budget.period_start == spent.period.start else {}
    percentage = percentage_used(budget.amount, used=spent.used)
    restricted = is_restricted(budget, used=spent.used)
    due = [spent.period.end] if restricted else []
    fired: list[Threshold] = []
    alerts = _of_old_thresholds(budget, before, now=now)
    for threshold in budget.thresholds:
        last = before.get(threshold.percent)
        if percentage < threshold.percent:
            last = _ended(last) if last else None
        elif (last is None or not last.contains) and threshold.enabled and budget.is_active:
            if last is None or now >= last.at + COOLDOWN:
                last = Alert(now, contains=True)
                fired.append(threshold)
            else:
                due.append(last.at + COOLDOWN)
        if last is not None:
            alerts[threshold.percent] = last
    wait = min(due, default=None)
    if restricted == budget.restricted and wait == budget.due and alerts == budget.alerts:
        return budget, ()
    judged = replace(budget, period_start=spent.period.start, alerts=alerts, restricted=restricted, due=wait)
    return judged, tuple(fired)


def is_restricted(budget: Budget, *, used: int) -> bool:
    """A hard, active budget that is used up: no session starts until it is not any more."""
    return budget.hard_limit is not None and used >= budget.hard_limit


def percentage_used(amount: int, *, used: int) -> Decimal:
    """Two decimals, rounded down; a threshold has no more, so it is reached where this has come to it."""
    return Decimal(used * 100 * 10**PLACES // amount).scaleb(-PLACES, context=EXACT)


def _of_old_thresholds(budget: Budget, alerts: Mapping[Decimal, Alert], *, now: datetime) -> dict[Decimal, Alert]:
    """Of thresholds that are no more, what silences them if they come back; then that is another crossing."""
    old = alerts.keys() - {threshold.percent for threshold in budget.thresholds} if alerts else ()
    return {percent: _ended(alerts[percent]) for percent in old if now < alerts[percent].at + COOLDOWN}


def _ended(alert: Alert) -> Alert:
    """Usage is below the threshold since."""
    return replace(alert, contains=False) if alert.contains else alert
