"""Calls of a queued job by the schedule and by the queue."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.functions.lambda_events import sqs_event
from tests.support.call import LambdaContext
from tests.support.fake_aws import FakeAws


class NearlyUp(LambdaContext):
    """A context with just the time left that is reserved to finish."""

    def get_remaining_time_in_millis(self) -> int:
        return 15_000


@dataclass(frozen=True, slots=True)
class QueuedWork:
    name: str
    handler: Callable[..., Any]

    def tick(self, context: LambdaContext | None = None) -> dict[str, int]:
        """The schedule's call."""
        counts: dict[str, int] = self.handler({"job": self.name}, context or LambdaContext())
        return counts

    def work_off(self, fake_aws: FakeAws, context: LambdaContext | None = None) -> list[int]:
        """Deliver all queued messages in one batch; return the indexes of those that failed and stay in the queue."""
        answer = self.handler(sqs_event(*fake_aws.messages), context or LambdaContext())
        failed = [int(failure["itemIdentifier"]) for failure in answer["batchItemFailures"]]
        fake_aws.messages = [fake_aws.messages[index] for index in failed]
        return failed
