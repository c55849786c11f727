"""While the tables are out of reach, a batch of the usage queue ends in time, so that each of its messages pauses."""

from typing import Any

import pytest

from tallybook import runtime
from tallybook.domain.errors import Unavailable
from tests.functions.lambda_events import sqs_event
from tests.support.app import App
from tests.support.call import LambdaContext
from tests.support.cloud import make_context
from tests.support.fake_aws import FakeAws
from tests.support.ndjson import as_json
from usage_queue.app import handler

TIMEOUT, BATCH = 60.0, 10
RETRYING = 8.0
"""The longest call to a table: attempts for 6 seconds, and 2 for the last one to connect."""

POSTPONING = 4.0
"""The longest call that changes the pauses: 2 seconds to connect, and 2 to read."""


class Outage:
    """The time of a function's call; after the first `answers`, calls to the tables fail, and take long to do it."""

    def __init__(self, *, answers: int = 0) -> None:
        self.seconds, self.left = 0.0, answers

    def elapsed(self) -> float:
        return self.seconds

    def __call__(self, _: str, call: Any) -> Any:
        if self.left:
            self.left -= 1
            return call()
        self.seconds += RETRYING
        raise Unavailable("The database could not be reached")


class Remaining(LambdaContext):
    def __init__(self, outage: Outage) -> None:
        self._outage = outage

    def get_remaining_time_in_millis(self) -> int:
        return int((TIMEOUT - self._outage.seconds) * 1000)


@pytest.mark.parametrize("answers", range(4))
def test_an_outage_leaves_time_to_postpone_each_message(
    app: App, fake_aws: FakeAws, monkeypatch: pytest.MonkeyPatch, answers: int
) -> None:
    bodies = [as_json(app.event(app.member())).decode() for _ in range(BATCH)]
    outage = Outage(answers=answers)
    ctx = make_context(app.client, interceptor=outage, clock=app.clock, elapsed=outage.elapsed)
    monkeypatch.setattr(runtime, "context", lambda: ctx)
    answer = handler(sqs_event(*bodies, received=14), Remaining(outage))
    assert outage.seconds <= TIMEOUT - POSTPONING
    assert len(answer["batchItemFailures"]) == len(fake_aws.pauses) == BATCH
    assert min(fake_aws.pauses.values()) >= 3600
