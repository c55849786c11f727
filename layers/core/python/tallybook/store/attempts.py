"""Counters of attempts by action, subject and window; DynamoDB's TTL deletes them."""

from datetime import datetime, timedelta

from boto3.dynamodb.conditions import Attr

from tallybook.domain.errors import TallybookError
from tallybook.store import keys
from tallybook.store.commands import Check, Update

_KEPT = timedelta(hours=1)


def count_attempt(
    action: str, subject: str, *, window: datetime, length: timedelta, most: int, refusal: TallybookError, by: int = 1
) -> Update:
    """Add `by` attempts to the window that starts at `window`; `refusal` if they would be more than `most`."""
    checked = check_attempts(action, subject, window=window, most=most, refusal=refusal, by=by)
    return Update(
        checked.key,
        first={"expires": int((window + length + _KEPT).timestamp())},
        add={"count": by},
        condition=checked.condition,
        refusal=refusal,
    )


def check_attempts(
    action: str, subject: str, *, window: datetime, most: int, refusal: TallybookError, by: int = 1
) -> Check:
    """Require that `by` more attempts would be at most `most`, without counting them; else `refusal`."""
    within = Attr("count").lte(most - by)
    condition = Attr("count").not_exists() | within if by <= most else within
    return Check(keys.attempts(action, subject, window), condition, refusal=refusal)
