"""Deliver the new items of one call by the stream: those of the fast lane first, and of the slow lane what fits.

A shard's batches come one after the other, so a batch must not take long over its slow items: what does not fit is left
to the sweep. One mapping reads the stream for both lanes, because AWS allows two readers of a shard, and the checks of
usage have the other.
"""

from collections import Counter
from collections.abc import Mapping, Sequence

from tallybook.domain.errors import Unavailable
from tallybook.domain.outbox import STREAM_BATCH, Lane
from tallybook.services.context import Context
from tallybook.services.outbox.deliver import Channels, Outcome, deliver_or_leave

SLOW_SECONDS = 5.0
"""How long a batch delivers items of the slow lane."""


def deliver_batch(
    ctx: Context, channels: Channels, item_ids: Mapping[Lane, Sequence[str]], *, deadline: float
) -> Counter[Outcome]:
    """Deliver the items in their order, until `ctx.elapsed` reaches the deadline; the sweep delivers what is `left`.

    Items of the slow lane are left if the batch is full, after 5 seconds, and after one that failed.
    """
    outcomes: Counter[Outcome] = Counter()
    for item_id in item_ids["fast"]:
        outcomes[_deliver_in_time(ctx, channels, item_id, deadline)] += 1
    slow = item_ids["slow"]
    if len(item_ids["fast"]) + len(slow) >= STREAM_BATCH:
        outcomes["left"] += len(slow)
        return +outcomes
    deadline = min(deadline, ctx.elapsed() + SLOW_SECONDS)
    for number, item_id in enumerate(slow, 1):
        outcome = _deliver_in_time(ctx, channels, item_id, deadline)
        outcomes[outcome] += 1
        if outcome == "postponed":
            outcomes["left"] += len(slow) - number
            break
    return +outcomes  # without those that are 0


def _deliver_in_time(ctx: Context, channels: Channels, item_id: str, deadline: float) -> Outcome:
    if ctx.elapsed() >= deadline:
        return "left"
    try:
        return deliver_or_leave(ctx, channels, item_id)
    except Unavailable:
        return "left"
