"""An email change: when it may be requested, whose token confirms, and its state after each confirmation."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tallybook.domain.credentials import hash_text
from tallybook.domain.email_change import (
    LIFE,
    PAUSE,
    EmailChange,
    State,
    check_request,
    confirm_side,
    confirming_side,
    new_token,
)
from tallybook.domain.errors import Invalid, TooManyRequests

NOW = datetime(2026, 4, 20, 12, 0, tzinfo=UTC)
OLD, NEW = "owner@example.com", "billing@example.com"
HASHES: Any = {"current": hash_text("one"), "new": hash_text("two")}
CHANGE = EmailChange("c", "a", OLD, NEW, NOW, hashes=HASHES)
SECOND = timedelta(seconds=1)


def ask(last: EmailChange | None, now: datetime, *, current: str = OLD, new: str = NEW) -> None:
    check_request(last, account_email=OLD, current=current, new=new, now=now)


@pytest.mark.parametrize("state", ["pending", "cleared", "completed"])
@pytest.mark.parametrize(
    ("after", "left"),
    [
        (timedelta(0), 1800),
        (timedelta(microseconds=1), 1800),
        (SECOND, 1799),
        (PAUSE - SECOND, 1),
        (PAUSE - SECOND / 2, 1),
    ],
)
def test_a_request_within_half_an_hour_of_the_last_is_refused(state: State, after: timedelta, left: int) -> None:
    with pytest.raises(TooManyRequests) as refused:
        ask(replace(CHANGE, state=state), NOW + after, current="wrong")
    assert refused.value.retry_after == left


def test_after_half_an_hour_only_a_pending_request_refuses_the_next() -> None:
    for at in (NOW + PAUSE, NOW + LIFE - SECOND):
        with pytest.raises(Invalid) as refused:
            ask(CHANGE, at)
        assert refused.value.code == "email_change_pending"
    ask(CHANGE, NOW + LIFE)
    ask(replace(CHANGE, state="cleared"), NOW + PAUSE)
    ask(replace(CHANGE, state="completed"), NOW + PAUSE)


@pytest.mark.parametrize(
    ("current", "new", "field"), [("x", NEW, "current_email"), (NEW, OLD, "current_email"), (OLD, OLD, "new_email")]
)
def test_the_current_email_must_be_the_accounts_and_the_new_one_differ(current: str, new: str, field: str) -> None:
    with pytest.raises(Invalid) as refused:
        ask(None, NOW, current=current, new=new)
    assert refused.value.field == field
    ask(None, NOW, current=f" {OLD.upper()}")


def test_each_token_confirms_its_side_until_the_request_ends() -> None:
    for change in (CHANGE, replace(CHANGE, state="completed")):
        assert confirming_side(change, "one", now=NOW) == (change, "current")
        assert confirming_side(change, "two", now=NOW + LIFE - SECOND) == (change, "new")
    for late in (
        (None, "one", NOW),
        (CHANGE, "three", NOW),
        (CHANGE, "", NOW),
        (CHANGE, "one", NOW + LIFE),
        (replace(CHANGE, state="cleared"), "one", NOW),
        (replace(CHANGE, hashes={}), "one", NOW),
    ):
        change, text, now = late
        with pytest.raises(Invalid) as refused:
            confirming_side(change, text, now=now)
        assert refused.value.code == "invalid_token"


def test_the_second_confirmation_completes_it_in_either_order() -> None:
    assert (CHANGE.status, CHANGE.unconfirmed) == ("none_confirmed", (OLD, NEW))
    sides: tuple[tuple[Any, Any, str], ...] = (("current", "new", NEW), ("new", "current", OLD))
    for first, second, waits in sides:
        half = confirm_side(CHANGE, first)
        assert (half.state, half.status, half.unconfirmed) == ("pending", "partial_confirmed", (waits,))
        assert confirm_side(half, first) == half
        whole = confirm_side(half, second)
        assert (whole.state, whole.status, whole.unconfirmed) == ("completed", "both_confirmed", ())


def test_a_request_is_pending_for_a_day() -> None:
    assert CHANGE.is_pending(NOW + LIFE - SECOND)
    assert not CHANGE.is_pending(NOW + LIFE)
    assert not replace(CHANGE, state="cleared").is_pending(NOW)
    assert not replace(CHANGE, state="completed").is_pending(NOW)


def test_a_token_is_a_uuid_of_version_4_and_a_repr_has_no_hash() -> None:
    assert new_token(b"\xff" * 16) == "ffffffff-ffff-4fff-bfff-ffffffffffff"
    assert new_token(b"\x00" * 16) == "00000000-0000-4000-8000-000000000000"
    assert HASHES["new"] not in repr(CHANGE)
