"""PUT /v1/user-management/account: names by the document, the time zone by decisions."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.contract.examples import expect
from tests.support.app import App, Member
from tests.support.call import Answer, call
from tests.support.invariants import check_invariants

PATH = "/v1/user-management/account"


@pytest.fixture
def member(app: App) -> Member:
    app.clock.moment = datetime(2026, 4, 1, 9, tzinfo=UTC)
    return app.member()


def put(member: Member, body: Any) -> Answer:
    return call("PUT", PATH, key=member.api_key, body=body)


def changed(member: Member, body: Any) -> Any:
    return expect(put(member, body), 200, "account")["data"]["account"]


def test_the_documents_example(member: Member) -> None:
    account = changed(member, {"display_name": "Platform Team", "description": "Shared ScaleBox account"})
    assert (account["display_name"], account["description"]) == ("Platform Team", "Shared ScaleBox account")
    assert (account["account_id"], account["email"]) == (member.subject, member.account.email)


def test_a_field_that_is_left_out_stays_as_it_was(member: Member) -> None:
    changed(member, {"display_name": "Platform Team", "description": "Ours"})
    assert changed(member, {"description": "Theirs"})["display_name"] == "Platform Team"
    assert changed(member, {"display_name": "Another"})["description"] == "Theirs"
    assert changed(member, {})["display_name"] == "Another"
    assert changed(member, {"description": ""})["description"] == ""


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"display_name": " "}, "display_name"),
        ({"display_name": "x" * 101}, "display_name"),
        ({"display_name": "a\nb"}, "display_name"),
        ({"display_name": 7}, "display_name"),
        ({"description": "x" * 1001}, "description"),
        ({"description": "a\x00b"}, "description"),
        ({"time_zone": "Mars/Olympus"}, "time_zone"),
        ({"time_zone": "../etc/passwd"}, "time_zone"),
        ({"time_zone": ""}, "time_zone"),
    ],
)
def test_a_wrong_value_is_400_naming_its_field_and_changes_nothing(
    app: App, member: Member, body: Any, field: str
) -> None:
    before = app.account_of(member)
    answer = put(member, {"display_name": "Fine", "description": "Fine", **body})
    assert answer.status == 400
    assert field in answer.json["message"]
    assert app.account_of(member) == before


def test_the_longest_allowed_texts_are_accepted(member: Member) -> None:
    account = changed(member, {"display_name": "x" * 100, "description": "first line\n" + "x" * 989})
    assert (len(account["display_name"]), len(account["description"])) == (100, 1000)


def test_only_root_users_may_change_the_account(app: App, member: Member) -> None:
    assert put(app.colleague(member), {"display_name": "Mine"}).status == 403
    assert put(app.colleague(member, is_root=True), {"display_name": "Ours"}).status == 200


def test_a_suspended_account_can_be_changed(app: App, member: Member) -> None:
    app.change_account(member, status="suspended")
    assert changed(member, {"display_name": "Still here"})["status"] == "suspended"


def test_a_new_time_zone_shows_at_once_and_applies_from_the_next_period(app: App, member: Member) -> None:
    assert changed(member, {"time_zone": "America/New_York"})["time_zone"] == "America/New_York"
    body = []
    for moment in (datetime(2026, 4, 20, tzinfo=UTC), datetime(2026, 5, 20, tzinfo=UTC)):
        app.clock.moment = moment
        app.record(app.event(member))
        current = call("GET", "/v1/billing/current", key=member.api_key).json["data"]["current_period"]
        body.append((current["start"], current["end"]))
    assert body == [
        ("2026-04-01T00:00:00Z", "2026-04-30T00:00:00Z"),
        ("2026-05-01T00:00:00Z", "2026-05-31T04:00:00Z"),  # 31 March 20:00 there is the anchor: its last day is 31 May
    ]
    app.clock.moment = datetime(2026, 7, 10, tzinfo=UTC)
    first, second, third = [invoice.period for invoice in app.invoice_due()]
    assert (first.end, second.end) == (second.start, third.start)
    assert (first.zone, second.zone, third.zone) == ("UTC", "America/New_York", "America/New_York")
    check_invariants(app)


def test_a_time_zone_reverted_before_the_next_period_has_no_effect(app: App, member: Member) -> None:
    changed(member, {"time_zone": "Asia/Kolkata"})
    changed(member, {"time_zone": "UTC"})
    assert app.account_of(member).schedule == member.account.schedule


def test_a_new_time_zone_skips_a_next_period_that_is_already_open(app: App, member: Member) -> None:
    """A process whose clock is ahead opened the next period by the old zone; that period keeps it."""
    app.clock.moment = member.account.closing_cursor.period.end
    app.record(app.event(member))
    app.clock.moment -= timedelta(milliseconds=1)
    assert put(member, {"time_zone": "Asia/Kolkata"}).status == 503
    app.clock.moment += timedelta(milliseconds=1)
    changed(member, {"time_zone": "Asia/Kolkata"})
    app.clock.advance(days=62)
    app.invoice_due()
    check_invariants(app)
