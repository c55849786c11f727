"""Counted attempts, by window; TTL tidies them away."""

from datetime import datetime, timedelta

from boto3.dynamodb.conditions import Attr

from tallybook.domain.errors import TallybookError
from tallybook.store import keys
from tallybook.store.commands import Update

_KEPT = timedelta(hours=1)


def count_attempt(
    what: str, subject: str, *, window: datetime, length: timedelta, most: int, refusal: TallybookError, by: int = 1
) -> Update:
    """So many more, unless that were more than `most` in the window of that length that began then."""
    return Update(
        keys.attempts(what, subject, window),
        first={"expires": int((window + length + _KEPT).timestamp())},
        add={"count": by},
        condition=Attr("count").not_exists() | Attr("count").lte(most - by),
        refusal=refusal,
    )
