"""GET /v1/billing/history: which days a range has, and which ranges are refused. Source: decisions, "ScaleBox"."""

from datetime import timedelta
from urllib.parse import quote

import pytest

from tests.contract.bills import APRIL, HISTORY, costs_by_day, create_pro_member, days, get, history, refusal, use
from tests.support.app import App, Member


@pytest.fixture
def april(app: App) -> Member:
    return create_pro_member(app)


def test_days_are_whole_utc_days_from_the_starts_to_the_ends(app: App, april: Member) -> None:
    use(app, april, "1.40", time=APRIL + timedelta(days=4, hours=1))
    use(app, april, "0.70", time=APRIL + timedelta(days=6, hours=23))
    data = history(april, start="2026-04-05T22:00:00Z", end="2026-04-07T01:00:00+00:00")
    assert data["period"] == {"start": "2026-04-05T22:00:00Z", "end": "2026-04-07T01:00:00Z"}
    assert days(data) == ["2026-04-05T00:00:00Z", "2026-04-06T00:00:00Z", "2026-04-07T00:00:00Z"]
    assert costs_by_day(data) == {"2026-04-05": 1.4, "2026-04-07": 0.7}


def test_a_utc_offset_is_respected(app: App, april: Member) -> None:
    use(app, april, "1.40", time=APRIL + timedelta(days=4, hours=1))
    data = history(april, start="2026-04-06T01:30:00+02:00", end="2026-04-06T01:30:00+02:00")
    assert (days(data), data["total_cost"]) == (["2026-04-05T00:00:00Z"], 1.4)


@pytest.mark.parametrize("name", ["start", "end"])
def test_a_plus_that_became_a_space_is_named(april: Member, name: str) -> None:
    hint = "in a URL, + means a space: write the + of an offset as %2B"
    for value in ("2026-03-06T01:30:00+02:00", "2026-03-06T01:30:00.5+00:00", "2026-03-06+01:30:00+02:00"):
        refused = get(april, f"{HISTORY}?{name}={value}")
        assert (refused.status, refused.json["code"]) == (400, "invalid_date_range")
        assert refused.json["message"].endswith(hint), value
        assert get(april, f"{HISTORY}?{name}={value.replace('+', '%2B')}").status == (400 if "06+" in value else 200)
    for value in ("2026-03-06", "tomorrow+02:00", "2026-03-06T01:30:00+", "2026-03-06T01:30:00+0200", "+"):
        assert hint not in get(april, f"{HISTORY}?{name}={value}").text, value


def test_one_end_of_the_range_is_enough(app: App, april: Member) -> None:
    app.clock.moment = APRIL + timedelta(days=9, hours=5)
    assert history(april, start="2026-04-08T00:00:00Z")["period"] == {
        "start": "2026-04-08T00:00:00Z",
        "end": "2026-04-10T05:00:00Z",
    }
    assert history(april, end="2026-04-08T00:00:00Z")["period"] == {
        "start": "2026-03-09T00:00:00Z",
        "end": "2026-04-08T00:00:00Z",
    }


@pytest.mark.parametrize("query", ["", "?", "?start=", "?start=&end=", "?x=1"])
def test_an_empty_query_is_the_last_30_days(april: Member, query: str) -> None:
    data = get(april, HISTORY + query).json["data"]
    assert data["period"] == {"start": "2026-03-02T00:00:00Z", "end": "2026-04-01T00:00:00Z"}
    assert (data["total_cost"], data["sessions"], data["breakdown"], len(data["daily_costs"])) == (0, [], [], 31)


@pytest.mark.parametrize("field", ["start", "end"])
@pytest.mark.parametrize(
    "text",
    [
        *("yesterday", "2026-04-01", "2026-04-01T00:00:00", "2026-04-31T00:00:00Z", "2026-04-01T24:00:00Z"),
        *("1776688496", "2026-4-1T00:00:00Z", "20260401T000000Z", "2026-04-01T00:00:00+25:00", "null", "\x00", "é"),
        *("2026-04-01T00:00:00 02:00", "0000-01-01T00:00:00Z", "0001-01-01T00:00:00+23:00", "9" * 5000),
    ],
)
def test_an_end_that_is_no_instant_is_400_and_named(april: Member, field: str, text: str) -> None:
    answer = get(april, f"{HISTORY}?{field}={quote(text)}")
    assert refusal(answer) == (400, "invalid_date_range")
    assert answer.json["message"].startswith(f"{field} must be an RFC 3339 time")


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("start=2026-04-02T00:00:00Z&end=2026-04-01T23:59:59Z", "end"),
        ("start=2026-04-01T00:00:01Z", "end"),
        ("start=2025-03-31T00:00:00Z&end=2026-04-01T00:00:01Z", "range"),
        ("start=2025-01-01T00:00:00Z", "range"),
        ("start=0001-01-01T00:00:00Z&end=9999-12-31T23:59:59Z", "range"),
    ],
)
def test_a_range_that_ends_before_it_starts_or_is_over_366_days_is_400(april: Member, query: str, named: str) -> None:
    answer = get(april, f"{HISTORY}?{query}")
    assert refusal(answer) == (400, "invalid_date_range")
    assert named in answer.json["message"]


@pytest.mark.parametrize(
    ("start", "end", "count"),
    [
        ("2025-03-31T00:00:00Z", "2026-04-01T00:00:00Z", 367),
        ("2026-04-01T00:00:00Z", "2026-04-01T00:00:00Z", 1),
        ("2030-01-01T00:00:00Z", "2030-01-02T00:00:00Z", 2),
        ("9999-12-30T00:00:00Z", "9999-12-31T23:59:59.999999999Z", 2),
        ("0001-01-01T00:00:00Z", "0001-01-02T00:00:00Z", 2),
        ("0999-12-31T00:00:00Z", "1000-01-01T00:00:00Z", 2),
    ],
)
def test_any_other_range_is_accepted(april: Member, start: str, end: str, count: int) -> None:
    assert len(history(april, start=start, end=end)["daily_costs"]) == count


def test_the_first_day_of_time_has_no_30_days_before_it(april: Member) -> None:
    data = history(april, end="0001-01-05T00:00:00Z")
    assert (data["period"]["start"], len(data["daily_costs"])) == ("0001-01-01T00:00:00Z", 5)


@pytest.mark.parametrize(
    ("start", "end", "count"),
    [
        ("1999-12-30T00:00:00Z", "2000-01-02T00:00:00Z", 4),
        ("1999-01-01T00:00:00Z", "1999-11-01T00:00:00Z", 305),
        ("1969-12-31T00:00:00Z", "1970-01-01T00:00:00Z", 2),
        ("0001-01-01T00:00:00Z", "0001-12-31T23:59:59Z", 365),
    ],
)
def test_days_before_the_account_cost_nothing(app: App, april: Member, start: str, end: str, count: int) -> None:
    use(app, april, "1.40", time=APRIL)
    app.clock.advance(days=40)
    app.invoice_due()
    data = history(april, start=start, end=end)
    assert (data["total_cost"], data["sessions"], data["breakdown"]) == (0, [], [])
    assert (len(days(data)), costs_by_day(data)) == (count, {})
