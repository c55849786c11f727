"""To which account usage counts, and what the wallet pays for it."""

import json
from decimal import Decimal

import pytest

from tests.functions.usage_events import PATH, counted_cpu_seconds, ledger_entries, send_events
from tests.support.app import App, Member
from tests.support.call import call


@pytest.fixture
def key(app: App) -> str:
    return app.platform_key("usage:write")


@pytest.fixture
def member(app: App) -> Member:
    return app.member()


def test_events_of_unknown_and_deleted_accounts_fail_alone(app: App, key: str, member: Member) -> None:
    gone = app.member()
    app.change_account(gone, status="deleted")
    unknown = {**app.event(member), "subject": "acc-019d0000-0000-7000-8000-000000000000"}
    events = [unknown, app.event(member), app.event(gone)]
    assert send_events(app, key, *events) == ["rejected unknown_account", "accepted", "rejected account_deleted"]


def test_a_suspended_accounts_usage_is_accepted(app: App, key: str, member: Member) -> None:
    app.change_account(member, status="suspended")
    app.change_user(member, status="suspended")
    assert send_events(app, key, app.event(member, user_id=member.user_id)) == ["accepted"]


def test_usage_of_an_account_is_only_on_its_own_bill(app: App, key: str, member: Member) -> None:
    other = app.member()
    send_events(app, key, app.event(member, quantity=1_000_000), app.event(other, quantity=500_000))
    costs = [
        call("GET", "/v1/billing/current", key=one.api_key).json["data"]["current_cost"] for one in (member, other)
    ]
    assert costs == [14, 7]


def test_one_request_may_reach_into_two_periods(app: App, key: str, member: Member) -> None:
    app.clock.advance(days=31)
    times = ["2026-05-19T23:59:59.999Z", "2026-05-20T00:00:00Z"]
    assert send_events(app, key, *(app.event(member, time=time) for time in times)) == ["accepted", "accepted"]
    assert call("GET", "/v1/billing/current", key=member.api_key).json["data"]["current_period"]["start"] == times[1]
    assert counted_cpu_seconds(app, member) == 200


def test_credits_are_debited_with_one_ledger_entry_a_transaction(app: App, key: str, member: Member) -> None:
    events = [app.event(member, meter="credits", quantity=amount, app_id="writer") for amount in (100, 250, 50)]
    assert send_events(app, key, *events, app.event(member)) == ["accepted"] * 4
    assert ledger_entries(app, member) == [("welcome", 1_000_000, 1_000_000), ("usage", -400, 999_600)]
    assert send_events(app, key, *events) == ["duplicate"] * 3
    assert send_events(app, key, *events, app.event(member, meter="credits", quantity=600))[-1] == "accepted"
    assert ledger_entries(app, member)[2:] == [("usage", -600, 999_000)]
    assert call("GET", "/auth/me", bearer=member.session).json["user"]["balance"] == 999_000


def test_usage_may_take_the_balance_below_zero(app: App, key: str, member: Member) -> None:
    send_events(app, key, app.event(member, meter="credits", quantity=1_500_000))
    assert call("GET", "/auth/me", bearer=member.session).json["user"]["balance"] == -500_000


def test_more_wallet_events_than_a_transaction_holds_are_each_paid_once(app: App, key: str, member: Member) -> None:
    events = [app.event(member, meter="credits", quantity=1) for _ in range(110)]
    assert send_events(app, key, *events) == ["accepted"] * 110
    entries = ledger_entries(app, member)
    assert len(entries) == 3
    assert entries[-1][2] == 1_000_000 - 110


def test_conflicts_and_rejections_are_not_paid(app: App, key: str, member: Member) -> None:
    event = app.event(member, meter="credits", quantity=10)
    changed = {**event, "data": {**event["data"], "quantity": 20}}
    old = app.event(member, meter="credits", quantity=40, time="2020-01-01T00:00:00Z")
    assert send_events(app, key, event, changed, old) == ["accepted", "conflict", "rejected too_old"]
    assert ledger_entries(app, member)[1:] == [("usage", -10, 999_990)]


def test_quantities_are_exact_to_the_last_decimal(app: App, key: str, member: Member) -> None:
    quantities = ["0.1", "0.2", "0.000000001", "999999999999999.999999999", "1e15", "123456789.123456789"]
    events = [app.event(member, quantity=quantity) for quantity in quantities]
    numbers = [app.event(member, quantity=Decimal("0.1")), app.event(member, quantity=3)]
    raw = json.dumps([*events, *numbers], default=str)
    raw = raw.replace('"quantity": "0.1"}', '"quantity": 0.1}')
    assert call("POST", PATH, key=key, raw=raw.encode()).json["data"]["accepted"] == len(events) + 2
    assert counted_cpu_seconds(app, member) == sum(map(Decimal, quantities), Decimal("3.1"))
