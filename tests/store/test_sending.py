"""Trying again ends: after twenty tries, or when patience does, some seconds after the first."""

from collections.abc import Callable
from typing import Any

import pytest

from tallybook.domain.errors import Unavailable
from tallybook.store import sending
from tallybook.store.sending import Sender
from tests.support.faults import Fault, conflict, cut_off, lost_answer, throttle


class Slow:
    """An interceptor whose calls each take some seconds of its own clock, the first `lost` of them in vain."""

    def __init__(self, *, seconds: float, lost: int) -> None:
        self.now, self.seconds, self.left, self.begun = 500.0, seconds, lost, list[float]()

    def __call__(self, operation: str, call: Callable[[], Any]) -> Any:  # noqa: ARG002 an interceptor gets both
        self.begun.append(self.now - 500.0)
        self.now += self.seconds
        self.left -= 1
        if self.left >= 0:
            raise lost_answer(operation)
        return "answer"

    def sender(self) -> Sender:
        return Sender(None, self, pause=lambda _: None, elapsed=lambda: self.now)


@pytest.mark.parametrize("seconds", [0, 0.25, 1, 4, 5, 11])
def test_no_try_begins_after_patience_ended_nor_more_than_twenty(seconds: float) -> None:
    interceptor = Slow(seconds=seconds, lost=99)
    with pytest.raises(Unavailable):
        interceptor.sender().send("get_item")
    assert interceptor.begun[-1] <= sending._RETRY_SECONDS
    assert len(interceptor.begun) == 20 or interceptor.begun[-1] + seconds > sending._RETRY_SECONDS


def test_each_call_has_patience_of_its_own() -> None:
    interceptor = Slow(seconds=sending._RETRY_SECONDS, lost=1)
    sender = interceptor.sender()
    for _ in range(3):
        interceptor.left = 1
        assert sender.send("get_item") == "answer"
    assert len(interceptor.begun) == 6


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (lost_answer, "The database could not be reached; try again"),
        (cut_off, "The database could not be reached; try again"),
        (throttle, "Too much is going on at once; try again"),
        (conflict, "Too much is going on at once; try again"),
    ],
)
@pytest.mark.parametrize("operation", ["get_item", "transact_write_items"])
def test_whoever_is_refused_hears_whether_the_database_was_away_or_busy(
    fault: Fault, told: str, operation: str
) -> None:
    def interceptor(operation: str, call: Callable[[], Any]) -> Any:
        raise fault(operation)

    with pytest.raises(Unavailable) as refused:
        Sender(None, interceptor, pause=lambda _: None).send(operation)
    assert refused.value.message == told
