"""Trying again ends: after twenty tries, or ten seconds after the first."""

from collections.abc import Callable
from typing import Any

import pytest

from tallybook.domain.errors import Unavailable
from tallybook.store.sending import Sender
from tests.support.faults import lost_answer


class Slow:
    """A port whose calls each take some seconds of its own clock, the first `lost` of them in vain."""

    def __init__(self, *, seconds: float, lost: int) -> None:
        self.now, self.seconds, self.left, self.begun = 500.0, seconds, lost, list[float]()

    def __call__(self, operation: str, call: Callable[[], Any]) -> Any:  # noqa: ARG002 a port gets both
        self.begun.append(self.now - 500.0)
        self.now += self.seconds
        self.left -= 1
        if self.left >= 0:
            raise lost_answer(operation)
        return "answer"

    def sender(self) -> Sender:
        return Sender(None, self, pause=lambda _: None, elapsed=lambda: self.now)


@pytest.mark.parametrize(("seconds", "tries"), [(0, 20), (0.5, 20), (1, 11), (4, 3), (5, 3), (11, 1)])
def test_no_try_begins_later_than_ten_seconds_after_the_first(seconds: float, tries: int) -> None:
    port = Slow(seconds=seconds, lost=99)
    with pytest.raises(Unavailable):
        port.sender().send("get_item")
    assert len(port.begun) == tries
    assert port.begun[-1] <= 10


def test_each_call_has_patience_of_its_own() -> None:
    port = Slow(seconds=5, lost=2)
    sender = port.sender()
    assert sender.send("get_item") == "answer"
    port.left = 2
    assert sender.send("get_item") == "answer"
    assert port.begun == [0, 5, 10, 15, 20, 25]
