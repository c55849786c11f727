"""Move the messages of a dead-letter queue back to where they failed, after the cause of the failure is mended.

A message is put back first and removed then. So a crash between both leaves it in both places, and it is done twice:
whatever a message asks for has its effect once. SQS's own move (`StartMessageMoveTask`) moves all messages, and only to
a queue; here the number is bounded, and a message may also be a function's call.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple, Protocol

from tallybook.services.context import Context
from tallybook.store.audit import put_operator_entry


class Letters[Message](Protocol):
    """A dead-letter queue."""

    def take(self, most: int) -> Sequence[Message]: ...

    def remove(self, messages: Sequence[Message]) -> None: ...


class Moved(NamedTuple):
    """How many messages of a batch were put back, and how many were refused and stay dead."""

    moved: int
    refused: int


def redrive[Message](
    ctx: Context,
    name: str,
    letters: Letters[Message],
    put_back: Callable[[Sequence[Message]], Sequence[Message]],
    *,
    most: int,
) -> Iterator[Moved]:
    """Move up to `most` messages, one batch a step, and record in the operator's audit log that it began.

    `put_back` returns the messages that were accepted. The limit also ends it if messages fail and come back meanwhile.
    """
    now = ctx.clock.now()
    ctx.tables.write(
        put_operator_entry(ctx.new_id(now), at=now, action="queue.redriven", target=name, after={"most": most})
    )
    left = most
    while left > 0 and (batch := letters.take(left)):
        accepted = put_back(batch)
        if accepted:
            letters.remove(accepted)
        left -= len(batch)
        yield Moved(len(accepted), len(batch) - len(accepted))
