"""A second implementation of the alert rule, with which simulated years are compared."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from heapq import heapify, heappop, heappush
from typing import Any

from tallybook.domain.budgets import Budget

DAY = timedelta(days=1)

type Occurrence = tuple[datetime, int, str, Any]
type ExpectedAlert = tuple[int, datetime, Decimal]


def expected_alerts(occurrences: Iterable[Occurrence], ends: Iterable[datetime]) -> list[ExpectedAlert]:
    """The alerts that usage, edits and period ends lead to, each as (budget number, period start, percent)."""
    agenda = [*occurrences, *((end, 0, "end", None) for end in ends)]
    heapify(agenda)
    alerts: list[ExpectedAlert] = []
    budget: Budget | None = None
    used, start, last, over = Decimal(0), agenda[0][0], dict[Decimal, datetime](), set[Decimal]()
    while agenda:
        now, _, what, value = heappop(agenda)
        if what == "end":
            used, start, last, over = Decimal(0), now, {}, set()
        elif what == "used":
            used += value
        elif what == "edited":
            last, over = (last, over) if budget and value and budget.number == value.number else ({}, set())
            budget = value
        if budget is None:
            continue
        reached = {one.percent for one in budget.thresholds if used * 10**8 >= one.percent * budget.amount}
        over &= reached
        for one in budget.thresholds if budget.is_active else ():
            is_silent = one.percent in last and now < last[one.percent] + DAY
            if one.enabled and one.percent in reached - over and not is_silent:
                alerts.append((budget.number, start, one.percent))
                last[one.percent] = now
                over.add(one.percent)
                heappush(agenda, (now + DAY, 1, "cooldown over", None))
    return alerts
