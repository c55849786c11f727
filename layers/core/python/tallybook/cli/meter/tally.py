"""Counts results by status, and lists the lines with problems."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from tallybook.cli.meter.deliver import Outcome
from tallybook.cli.meter.words import event_words
from tallybook.wire.scalebox.envelope import COUNT_NAMES

_SHOWN_LINES, _SHOWN_VALUES = 20, 3


@dataclass(slots=True)
class Problem:
    """Lines with the same status and reason: their count, the first 20 numbers, the first 3 refused values."""

    status: str
    reason: str | None
    count: int = 0
    lines: list[int] = field(default_factory=list)
    values: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        more = f" and {self.count - len(self.lines)} more" if self.count > len(self.lines) else ""
        where = f"line{'s' if self.count > 1 else ''} {', '.join(map(str, self.lines))}{more}"
        values = f": {', '.join(self.values)}" if self.values else ""
        return f"{self.status}: {self.words}{values} ({where})"

    @property
    def words(self) -> str:
        return event_words(self.reason) if self.reason else "the same source and id were counted with other content"


class Tally:
    def __init__(self) -> None:
        self.counts = dict.fromkeys(COUNT_NAMES.values(), 0)
        self._problems: dict[tuple[str, str | None], Problem] = {}

    def add(self, outcome: Outcome) -> None:
        self.counts[COUNT_NAMES[outcome.status]] += 1
        if outcome.status in ("conflict", "rejected"):
            key = (outcome.status, outcome.reason)
            problem = self._problems.setdefault(key, Problem(outcome.status, outcome.reason))
            problem.count += 1
            if len(problem.lines) < _SHOWN_LINES:
                problem.lines.append(outcome.number)
            if outcome.value and outcome.value not in problem.values and len(problem.values) < _SHOWN_VALUES:
                problem.values.append(outcome.value)

    @property
    def is_clean(self) -> bool:
        return not self._problems

    @property
    def problems(self) -> list[Problem]:
        return list(self._problems.values())

    def summary(self) -> str:
        return ", ".join(f"{name} {count}" for name, count in self.counts.items())

    def as_json(self) -> Mapping[str, object]:
        return {
            **self.counts,
            "problems": [
                {
                    "status": problem.status,
                    "reason": problem.reason,
                    "message": problem.words,
                    "values": problem.values,
                    "count": problem.count,
                    "lines": problem.lines,
                }
                for problem in self.problems
            ],
        }
