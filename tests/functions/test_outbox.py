"""Outbox items are delivered by the stream or the sweep; parked items are counted in a metric."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from tallybook.store import keys
from tests.functions.lambda_events import bounce, notify, stream_all_items, stream_record
from tests.functions.queued_work import NearlyUp
from tests.support.app import App
from tests.support.broken_items import break_item
from tests.support.call import LambdaContext, call
from tests.support.cloud import make_context
from tests.support.fake_aws import FakeAws
from tests.support.faults import Faults
from tests.support.invariants import check_invariants


def items(app: App, state: str | None = None) -> list[dict[str, Any]]:
    found = [item for item in app.stored("core") if item["sk"] == "OUTBOX"]
    return [item for item in found if state in (None, item["state"])]


def mails(app: App) -> list[dict[str, Any]]:
    return [item for item in items(app) if item["kind"] == "mail"]


def stream_only(*records: dict[str, Any]) -> dict[str, int]:
    from outbox.app import handler

    return handler({"Records": list(records)}, LambdaContext())


def metrics(printed: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in printed.splitlines() if '"_aws"' in line]


def test_the_stream_delivers_each_outbox_item_and_nothing_else(app: App, fake_aws: FakeAws) -> None:
    app.invite(app.member("ada@example.com"), "joan@example.com")
    waiting = len(items(app))
    assert stream_all_items(app) == {"delivered": waiting}
    assert {mail.to for mail in fake_aws.mails} == {"ada@example.com", "joan@example.com"}
    assert [name for name, _ in fake_aws.events].count("UserInvited") == 1
    assert len(items(app, "delivered")) == waiting
    check_invariants(app)


def test_the_same_records_again_deliver_nothing_again(app: App, fake_aws: FakeAws) -> None:
    app.member()
    first = stream_all_items(app)
    again = stream_all_items(app)
    assert again == {"not_due": first["delivered"]}
    assert len(fake_aws.mails) == 1


def test_the_stream_delivers_the_items_beside_one_that_cannot_be_read(app: App, fake_aws: FakeAws) -> None:
    app.invite(app.member("ada@example.com"), "joan@example.com")
    broken, *others = items(app)
    break_item(app, keys.outbox(broken["id"]), lambda item: item.pop("attempts"))
    assert stream_all_items(app) == {"delivered": len(others), "left": 1}


def test_records_of_changed_removed_or_unknown_items_do_no_harm(app: App, fake_aws: FakeAws) -> None:
    app.member()
    (item,) = mails(app)
    unknown = {"pk": "OUTBOX#nobody", "sk": "OUTBOX"}
    records = [stream_record(item, kind="REMOVE"), stream_record(item, kind="MODIFY"), stream_record(unknown)]
    assert stream_only(*records) == {"delivered": 1, "not_due": 2}
    assert len(fake_aws.mails) == 1


def test_the_sweep_delivers_what_the_stream_left_and_finds_nothing_then(app: App, fake_aws: FakeAws) -> None:
    app.member("ada@example.com")
    assert fake_aws.sweep() == {"delivered": len(items(app))}
    assert fake_aws.sweep() == {}
    assert [mail.to for mail in fake_aws.mails] == ["ada@example.com"]
    names = sorted(name for name, _ in fake_aws.events)
    assert names == ["AccountRegistered", "ApiKeyCreated", "SubscriptionStarted", "WalletMoved"]


def test_a_late_event_has_its_own_id_and_the_time_of_its_change(app: App, fake_aws: FakeAws) -> None:
    app.member()
    app.clock.advance(hours=3)
    fake_aws.sweep()
    assert {detail["time"] for detail in fake_aws.details} == {"2026-04-20T12:34:56.000Z"}
    ids = [detail["id"] for detail in fake_aws.details]
    assert len(set(ids)) == len(ids)
    assert {detail["version"] for detail in fake_aws.details} == {1}


def test_a_failed_delivery_is_retried_after_a_minute(app: App, fake_aws: FakeAws) -> None:
    app.member()
    waiting = len(items(app))
    fake_aws.refusals = ["TooManyRequestsException"] * waiting
    assert fake_aws.sweep() == {"postponed": waiting}
    app.clock.advance(seconds=59)
    assert fake_aws.sweep() == {}
    app.clock.advance(seconds=1)
    assert fake_aws.sweep() == {"delivered": waiting}


def test_a_permanent_failure_parks_the_item_and_is_counted(
    app: App, fake_aws: FakeAws, capsys: pytest.CaptureFixture[str]
) -> None:
    app.invite(app.member())
    fake_aws.sweep()
    assert metrics(capsys.readouterr().out) == [], "a metric although nothing was parked"
    app.invite(app.member())
    fake_aws.refusals = ["BadRequestException"] * 2
    for item in (one for one in mails(app) if one["state"] == "waiting"):
        assert stream_only(stream_record(item)) == {"parked": 1}
    lines = metrics(capsys.readouterr().out)
    assert [line["OutboxParked"] for line in lines] == [[1.0], [1.0]]
    (directive,) = lines[0]["_aws"]["CloudWatchMetrics"]
    assert directive["Namespace"] == "Tallybook"
    assert directive["Metrics"] == [{"Name": "OutboxParked", "Unit": "Count"}]
    assert len(items(app, "parked")) == 2
    check_invariants(app)


def test_after_seven_tries_over_two_days_an_item_is_parked(
    app: App, fake_aws: FakeAws, capsys: pytest.CaptureFixture[str]
) -> None:
    app.member()
    (item,) = mails(app)
    outcomes = []
    for minutes in (0, 1, 5, 30, 120, 480, 1440):
        app.clock.advance(minutes=minutes)
        fake_aws.refusals = ["TooManyRequestsException"]
        outcomes.append(stream_only(stream_record(item)))
    assert outcomes == [*[{"postponed": 1}] * 6, {"parked": 1}]
    assert len(metrics(capsys.readouterr().out)) == 1
    app.clock.advance(days=1)
    assert stream_only(stream_record(item)) == {"not_due": 1}
    assert fake_aws.mails == []


def test_with_a_busy_database_items_are_left_to_the_sweep(
    app: App, fake_aws: FakeAws, monkeypatch: pytest.MonkeyPatch, logged: Callable[[], str]
) -> None:
    from tallybook import runtime

    app.member()
    busy = make_context(app.client, interceptor=Faults(throttles=1.0), clock=app.clock)
    monkeypatch.setattr(runtime, "context", lambda: busy)
    assert stream_all_items(app) == {"left": len(items(app))}
    assert '"level":"WARNING"' in logged()
    monkeypatch.setattr(runtime, "context", lambda: app.ctx)
    assert fake_aws.sweep() == {"delivered": len(items(app))}


def test_a_sweep_ends_in_time_and_leaves_the_rest_to_the_next(app: App, fake_aws: FakeAws) -> None:
    from outbox.app import handler

    app.member()
    assert handler({"job": "outbox"}, NearlyUp()) == {"left": 1}
    assert fake_aws.mails == []
    assert fake_aws.sweep() == {"delivered": len(items(app))}


def test_records_beyond_the_time_left_are_left_to_the_sweep(app: App, fake_aws: FakeAws) -> None:
    from outbox.app import handler

    app.member()
    event = {"Records": [stream_record(item) for item in items(app)]}
    assert handler(event, NearlyUp()) == {"left": len(items(app))}
    assert fake_aws.sweep() == {"delivered": len(items(app))}


def test_a_suppressed_address_gets_no_mail_and_the_item_notes_it(app: App, fake_aws: FakeAws) -> None:
    member = app.member("ada@example.com")
    notify(bounce("ada@example.com"))
    app.invite(member, "joan@example.com")
    assert set(fake_aws.sweep()) == {"delivered"}
    assert [mail.to for mail in fake_aws.mails] == ["joan@example.com"]
    by_address = {mail["body"]["to"][0]: (mail["sent"], mail["skipped"], mail["state"]) for mail in mails(app)}
    assert by_address == {
        "ada@example.com": ([], ["ada@example.com"], "delivered"),
        "joan@example.com": (["joan@example.com"], [], "delivered"),
    }


def test_an_invitation_of_a_deleted_user_is_not_sent(app: App, fake_aws: FakeAws) -> None:
    member = app.member("ada@example.com")
    user = app.invite(member, "joan@example.com")
    call("DELETE", f"/v1/user-management/users/usr-{user.id}", key=member.api_key)
    fake_aws.sweep()
    assert fake_aws.mails_to("joan@example.com") == []


def test_no_mail_or_event_has_a_secret_except_a_mails_own_link(app: App, fake_aws: FakeAws) -> None:
    app.invite(app.member())
    fake_aws.sweep()
    delivered = json.dumps(fake_aws.details) + "".join(mail.text for mail in fake_aws.mails)
    assert delivered.count("pwt_") == 1
    assert "$2b$" not in delivered
    assert "sess_" not in delivered


def test_deliveries_are_logged_as_counts_without_addresses(
    app: App, fake_aws: FakeAws, logged: Callable[[], str]
) -> None:
    app.member("ada@example.com")
    fake_aws.sweep()
    assert '"outcomes":{"delivered":3}' in logged()
    assert "ada@example.com" not in logged()
