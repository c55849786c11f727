"""Months of a budget with random usage, edits and checks, compared with a second implementation of the alert rule."""

import random
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from tallybook.domain.budgets import Budget, Spending, Threshold, ThresholdAlert, evaluate
from tallybook.domain.periods import Period

UNIT = 1_000_000
START = datetime(2026, 4, 1, tzinfo=UTC)
MONTH, DAY, TICK = timedelta(days=6), timedelta(days=1), timedelta(milliseconds=1)
"""Short months, so that there are many."""

PERCENTS = tuple(map(Decimal, ("25", "50", "80", "99.5", "100", "150")))


@dataclass(slots=True)
class Log:
    """One threshold's alerts within a period."""

    alerted: list[datetime] = field(default_factory=list)
    was_below: bool = True

    def step(self, *, reached: bool, may_alert: bool, now: datetime) -> datetime | None:
        """When this crossing alerts: `now` or the end of the cooldown; None if there is no crossing."""
        if not reached:
            self.was_below = True
        if not (reached and may_alert and self.was_below):
            return None
        if self.alerted and now - self.alerted[-1] < DAY:
            return self.alerted[-1] + DAY
        self.alerted.append(now)
        self.was_below = False
        return now


def month(number: int) -> Period:
    return Period(START + number * MONTH, START + (number + 1) * MONTH, "UTC")


class Story:
    """`counts` are the alerts, edits and other cases of the rule so far."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.now, self.number, self.used, self.pace = START, 0, 0, UNIT
        self.unseen: list[Spending] = []
        self.logs = {percent: Log() for percent in PERCENTS}
        self.counts: Counter[str] = Counter()
        self.budget = Budget(1, "a", 100 * UNIT, START, START, tuple(map(Threshold, PERCENTS)))

    def run(self, events: int) -> None:
        for _ in range(events):
            self._pass_time()
            self.used += self.chance.choice((0, 10_000, self.pace))
            check_rate, edit_rate = (0.9, 0.05) if self.number % 2 else (0.005, 0.002)
            if self.chance.random() < check_rate:
                self._check()
            if self.chance.random() < edit_rate:
                self._edit()

    def _pass_time(self) -> None:
        due = self.budget.due
        if due is not None and TICK < due - self.now <= DAY and self.chance.random() < 0.1:
            self.now = self.chance.choice((due, due - TICK))
        else:
            self.now += timedelta(seconds=self.chance.choice((1, 30, 300, 900, 2400)))
        while self.now >= month(self.number).end:
            self._end_month()

    def _end_month(self) -> None:
        """Usage since the last check, and alerts in their cooldown, are checked in the next month."""
        self.unseen.append(Spending(month(self.number), self.used))
        self.number, self.used = self.number + 1, 0
        self.pace = self.chance.choice((UNIT // 5, UNIT // 2, UNIT))

    def _check(self) -> None:
        present = Spending(month(self.number), self.used)
        expected = [reached for spent in (*self.unseen, present) if (reached := self._expected(spent))]
        checked = evaluate(self.budget, [*self.unseen, present], now=self.now)
        assert list(map(_percents, checked.alerts)) == expected
        assert (checked.budget is self.budget) == (checked.budget == self.budget)
        self.counts["alerts"] += sum(map(len, expected))
        self.counts["told of an ended month"] += len([one for one in checked.alerts if one.spending != present])
        self.unseen.clear()
        self.budget = checked.budget
        self._compare(present)

    def _expected(self, spent: Spending) -> list[Decimal]:
        """The percentages that alert in a month; evaluated at its end if that is past."""
        now = min(self.now, spent.period.end - TICK)
        alerting = []
        self.waits: list[datetime] = []
        for threshold in self.budget.thresholds:
            reached = spent.used * 1000 >= int(threshold.percent * 10) * self.budget.amount
            may_alert = threshold.enabled and self.budget.is_active
            at = self.logs[threshold.percent].step(reached=reached, may_alert=may_alert, now=now)
            alerting += [threshold.percent] if at == now else []
            self.waits += [at] if at is not None and at > now else []
        for percent in PERCENTS if len(self.budget.thresholds) < len(PERCENTS) else ():
            if all(percent != one.percent for one in self.budget.thresholds):
                self.logs[percent].was_below = True
        if spent.period.end <= self.now:
            self.logs = {percent: Log() for percent in PERCENTS}
        return alerting

    def _compare(self, present: Spending) -> None:
        is_over = self.budget.limit_type == "hard" and self.budget.is_active and self.used >= self.budget.amount
        assert self.budget.restricted == is_over
        due = [*self.waits, *([present.period.end] if is_over else [])]
        assert self.budget.due == (min(due) if due else None)
        self.counts["restricted"] += is_over
        self.counts["silenced"] += bool(self.waits)

    def _edit(self) -> None:
        """Check the old terms, change them, check the new ones."""
        self._check()
        chance, budget = self.chance, self.budget
        match chance.choice(("amount", "amount", "active", "limit", "some", "enabled")):
            case "amount":
                budget = replace(budget, amount=chance.choice((40, 60, 100, 150, 400)) * UNIT)
            case "active":
                budget = replace(budget, is_active=not budget.is_active or chance.random() < 0.5)
            case "limit":
                budget = replace(budget, limit_type=chance.choice(("soft", "hard")))
            case "some":
                kept = sorted(chance.sample(PERCENTS, chance.choice((3, 5, 6))))
                budget = replace(budget, thresholds=tuple(map(Threshold, kept)))
            case "enabled":
                turned = (one._replace(enabled=chance.random() < 0.7) for one in budget.thresholds)
                budget = replace(budget, thresholds=tuple(turned))
        if budget != self.budget:
            self.budget = replace(budget, updated_at=self.now)
            self.counts["edits"] += 1
            self._check()


def _percents(alert: ThresholdAlert) -> list[Decimal]:
    return [threshold.percent for threshold in alert.thresholds]
