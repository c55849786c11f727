"""Retries end after twenty attempts, or some seconds after the first."""

from collections.abc import Callable
from typing import Any

import pytest

from tallybook.domain.errors import Unavailable
from tallybook.store import sending
from tallybook.store.sending import Sender
from tests.support.faults import Fault, conflict, cut_off, lost_answer, throttle


class Slow:
    """An interceptor whose calls take `seconds` of its own clock; the first `lost` of them fail."""

    def __init__(self, *, seconds: float, lost: int) -> None:
        self.now, self.seconds, self.left, self.started = 500.0, seconds, lost, list[float]()

    def __call__(self, operation: str, call: Callable[[], Any]) -> Any:  # noqa: ARG002 an interceptor gets both
        self.started.append(self.now - 500.0)
        self.now += self.seconds
        self.left -= 1
        if self.left >= 0:
            raise lost_answer(operation)
        return "answer"

    def sender(self) -> Sender:
        return Sender(None, self, pause=lambda _: None, elapsed=lambda: self.now)


@pytest.mark.parametrize("seconds", [0, 0.25, 1, 4, 5, 11])
def test_retries_end_after_twenty_attempts_or_the_retry_seconds(seconds: float) -> None:
    interceptor = Slow(seconds=seconds, lost=99)
    with pytest.raises(Unavailable):
        interceptor.sender().send("get_item")
    assert interceptor.started[-1] <= sending._RETRY_SECONDS
    assert len(interceptor.started) == 20 or interceptor.started[-1] + seconds > sending._RETRY_SECONDS


def test_each_call_has_its_own_retry_seconds() -> None:
    interceptor = Slow(seconds=sending._RETRY_SECONDS, lost=1)
    sender = interceptor.sender()
    for _ in range(3):
        interceptor.left = 1
        assert sender.send("get_item") == "answer"
    assert len(interceptor.started) == 6


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        (lost_answer, "The database could not be reached; try again"),
        (cut_off, "The database could not be reached; try again"),
        (throttle, "Too much is going on at once; try again"),
        (conflict, "Too much is going on at once; try again"),
    ],
)
@pytest.mark.parametrize("operation", ["get_item", "transact_write_items"])
def test_the_error_says_whether_the_database_was_unreachable_or_busy(
    fault: Fault, message: str, operation: str
) -> None:
    def interceptor(operation: str, call: Callable[[], Any]) -> Any:
        raise fault(operation)

    with pytest.raises(Unavailable) as refused:
        Sender(None, interceptor, pause=lambda _: None).send(operation)
    assert refused.value.message == message
