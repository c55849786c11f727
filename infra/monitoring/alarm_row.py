"""A row of the table of alarms: the metrics that it watches, when it starts, and why it matters."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

type Owner = Literal["api", "account", "queue", "dead", "undelivered", "rule", "function", "table", "product"]
type NoData = Literal["fine", "breaching", "unchanged"]


class Watched(NamedTuple):
    """A metric. `owner` and `name` say what emits it, like `dead`, `usage` for the dead-letter queue of `usage`.

    `product` metrics are those that a function itself emits, with its service and stage.
    """

    namespace: str
    metric: str
    owner: Owner
    name: str = ""
    statistic: str = "Sum"


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmRow:
    """An alarm that starts when the metric, or the expression of metrics, reaches the threshold.

    It starts in `breaches` of `periods` successive periods of `minutes`. With `below` it starts under the threshold.
    `release`: it also stops a release and takes it back. Such an alarm starts and ends by itself within minutes: one
    that is on would also stop the release that mends its cause.
    """

    name: str
    page: str
    why: str
    watched: Mapping[str, Watched]
    expression: str | None = None
    threshold: float = 1
    below: bool = False
    minutes: int = 5
    breaches: int = 1
    periods: int = 1
    no_data: NoData = "fine"
    release: bool = False

    @property
    def runbook(self) -> str:
        return f"docs/runbooks/{self.page}.md"
