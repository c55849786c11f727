"""A counter of attempts: refused above its limit, also if several are counted at once."""

from datetime import UTC, datetime, timedelta

import pytest

from tallybook.domain.errors import TooManyRequests
from tallybook.store.attempts import count_attempt
from tests.support.app import App

NOON = datetime(2026, 4, 20, 12, tzinfo=UTC)


def count(app: App, *, by: int) -> bool:
    """Whether `by` more of at most 3 are allowed."""
    refusal = TooManyRequests("Too many", retry_after=1)
    command = count_attempt("test", "me", window=NOON, length=timedelta(hours=1), most=3, refusal=refusal, by=by)
    try:
        app.ctx.tables.transact([command])
    except TooManyRequests:
        return False
    return True


@pytest.mark.parametrize(
    ("counts", "allowed"),
    [
        ([1, 1, 1, 1], [True, True, True, False]),
        ([2, 2, 1], [True, False, True]),
        ([3, 1], [True, False]),
        ([4, 3], [False, True]),
    ],
)
def test_no_more_than_the_limit_are_counted(app: App, counts: list[int], allowed: list[bool]) -> None:
    assert [count(app, by=by) for by in counts] == allowed
