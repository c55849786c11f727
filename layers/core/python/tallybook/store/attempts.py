"""Counted attempts, by minute; TTL tidies them away."""

from datetime import datetime, timedelta

from boto3.dynamodb.conditions import Attr

from tallybook.domain.errors import TallybookError
from tallybook.store import keys
from tallybook.store.commands import Update

_KEPT = timedelta(hours=1)


def count_attempt(what: str, who: str, *, minute: datetime, most: int, refusal: TallybookError) -> Update:
    """One more, unless there have been `most` in this minute."""
    return Update(
        keys.attempts(what, who, minute),
        first={"expires": int((minute + _KEPT).timestamp())},
        add={"count": 1},
        condition=Attr("count").not_exists() | Attr("count").lt(most),
        refusal=refusal,
    )
