"""A job that works from a queue, as the schedule and the queue call it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.functions.lambda_events import queued
from tests.support.call import LambdaContext
from tests.support.fake_aws import FakeAws


class NearlyUp(LambdaContext):
    """A call with just so much time left as its answer takes."""

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

    def work_off(self, post: FakeAws, context: LambdaContext | None = None) -> list[int]:
        """All that stands on the queue, in one batch; the places of the messages that come back, and stay there."""
        answer = self.handler(queued(*post.messages), context or LambdaContext())
        failed = [int(failure["itemIdentifier"]) for failure in answer["batchItemFailures"]]
        post.messages = [post.messages[place] for place in failed]
        return failed
