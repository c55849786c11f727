"""What must leave is delivered as the stream tells of it, or by the sweep; what is given up is counted aloud."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.functions.lambda_events import bounce, notify, record, stream
from tests.support.app import App
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


def test_the_stream_delivers_each_outbox_item_and_passes_over_all_else(app: App, post: FakeAws) -> None:
    app.invite(app.member("ada@example.com"), "joan@example.com")
    waiting = len(items(app))
    assert stream(app) == {"delivered": waiting}
    assert {letter.to for letter in post.mails} == {"ada@example.com", "joan@example.com"}
    assert [name for name, _ in post.events].count("UserInvited") == 1
    assert len(items(app, "delivered")) == waiting
    check_invariants(app)


def test_the_same_records_again_deliver_nothing_again(app: App, post: FakeAws) -> None:
    app.member()
    first = stream(app)
    again = stream(app)
    assert again == {"not_due": first["delivered"]}
    assert len(post.mails) == 1


def test_records_of_items_that_changed_ended_or_are_unknown_do_no_harm(app: App, post: FakeAws) -> None:
    app.member()
    (item,) = mails(app)
    unknown = {"pk": "OUTBOX#nobody", "sk": "OUTBOX"}
    records = [record(item, kind="REMOVE"), record(item, kind="MODIFY"), record(unknown)]
    assert stream_only(*records) == {"delivered": 1, "not_due": 2}
    assert len(post.mails) == 1


def test_the_sweep_delivers_what_the_stream_left_and_finds_nothing_then(app: App, post: FakeAws) -> None:
    app.member("ada@example.com")
    assert post.sweep() == {"delivered": len(items(app))}
    assert post.sweep() == {}
    assert [letter.to for letter in post.mails] == ["ada@example.com"]
    names = sorted(name for name, _ in post.events)
    assert names == ["AccountRegistered", "ApiKeyCreated", "SubscriptionStarted", "WalletMoved"]


def test_an_event_keeps_its_id_and_time_however_late_and_often_it_is_told(app: App, post: FakeAws) -> None:
    app.member()
    app.clock.advance(hours=3)
    post.sweep()
    assert {detail["time"] for detail in post.details} == {"2026-04-20T12:34:56.000Z"}
    ids = [detail["id"] for detail in post.details]
    assert len(set(ids)) == len(ids)
    assert {detail["version"] for detail in post.details} == {1}


def test_a_try_that_fails_is_made_again_after_a_minute(app: App, post: FakeAws) -> None:
    app.member()
    waiting = len(items(app))
    post.refusals = ["TooManyRequestsException"] * waiting
    assert post.sweep() == {"postponed": waiting}
    app.clock.advance(seconds=59)
    assert post.sweep() == {}
    app.clock.advance(seconds=1)
    assert post.sweep() == {"delivered": waiting}


def test_what_will_never_go_is_parked_and_the_metric_says_so(
    app: App, post: FakeAws, capsys: pytest.CaptureFixture[str]
) -> None:
    app.invite(app.member())
    post.sweep()
    assert metrics(capsys.readouterr().out) == [], "nothing parked, nothing said"
    app.invite(app.member())
    post.refusals = ["BadRequestException"] * 2
    for item in (one for one in mails(app) if one["state"] == "waiting"):
        assert stream_only(record(item)) == {"parked": 1}
    lines = metrics(capsys.readouterr().out)
    assert [line["OutboxParked"] for line in lines] == [[1.0], [1.0]]
    (about,) = lines[0]["_aws"]["CloudWatchMetrics"]
    assert about["Namespace"] == "Tallybook"
    assert about["Metrics"] == [{"Name": "OutboxParked", "Unit": "Count"}]
    assert len(items(app, "parked")) == 2
    check_invariants(app)


def test_after_seven_tries_over_two_days_an_item_is_parked(
    app: App, post: FakeAws, capsys: pytest.CaptureFixture[str]
) -> None:
    app.member()
    (item,) = mails(app)
    outcomes = []
    for minutes in (0, 1, 5, 30, 120, 480, 1440):
        app.clock.advance(minutes=minutes)
        post.refusals = ["TooManyRequestsException"]
        outcomes.append(stream_only(record(item)))
    assert outcomes == [*[{"postponed": 1}] * 6, {"parked": 1}]
    assert len(metrics(capsys.readouterr().out)) == 1
    app.clock.advance(days=1)
    assert stream_only(record(item)) == {"not_due": 1}
    assert post.mails == []


def test_a_database_that_is_too_busy_leaves_it_to_the_sweep_and_fails_nothing(
    app: App, post: FakeAws, monkeypatch: pytest.MonkeyPatch, logged: Callable[[], str]
) -> None:
    from tallybook import runtime

    app.member()
    busy = make_context(app.client, interceptor=Faults(throttles=1.0), clock=app.clock)
    monkeypatch.setattr(runtime, "context", lambda: busy)
    assert stream(app) == {"left": len(items(app))}
    assert '"level":"WARNING"' in logged()
    monkeypatch.setattr(runtime, "context", lambda: app.ctx)
    assert post.sweep() == {"delivered": len(items(app))}


class NearlyUp(LambdaContext):
    def get_remaining_time_in_millis(self) -> int:
        return 15_000


def test_a_sweep_ends_in_time_and_leaves_the_rest_to_the_next(app: App, post: FakeAws) -> None:
    from outbox.app import handler

    app.member()
    assert handler({"job": "outbox"}, NearlyUp()) == {"left": 1}
    assert post.mails == []
    assert post.sweep() == {"delivered": len(items(app))}


def test_records_beyond_the_time_left_are_left_to_the_sweep(app: App, post: FakeAws) -> None:
    from outbox.app import handler

    app.member()
    told = {"Records": [record(item) for item in items(app)]}
    assert handler(told, NearlyUp()) == {"left": len(items(app))}
    assert post.sweep() == {"delivered": len(items(app))}


def test_a_suppressed_address_gets_no_mail_and_the_item_says_so(app: App, post: FakeAws) -> None:
    member = app.member("ada@example.com")
    notify(bounce("ada@example.com"))
    app.invite(member, "joan@example.com")
    assert set(post.sweep()) == {"delivered"}
    assert [letter.to for letter in post.mails] == ["joan@example.com"]
    told = {mail["body"]["to"][0]: (mail["sent"], mail["skipped"], mail["state"]) for mail in mails(app)}
    assert told == {
        "ada@example.com": ([], ["ada@example.com"], "delivered"),
        "joan@example.com": (["joan@example.com"], [], "delivered"),
    }


def test_an_invitation_of_who_is_gone_by_then_is_not_sent(app: App, post: FakeAws) -> None:
    member = app.member("ada@example.com")
    user = app.invite(member, "joan@example.com")
    call("DELETE", f"/v1/user-management/users/usr-{user.id}", key=member.api_key)
    post.sweep()
    assert post.mails_to("joan@example.com") == []


def test_no_letter_or_event_holds_what_is_secret_but_for_its_own_link(app: App, post: FakeAws) -> None:
    app.invite(app.member())
    post.sweep()
    told = json.dumps(post.details) + "".join(letter.text for letter in post.mails)
    assert told.count("pwt_") == 1
    assert "$2b$" not in told
    assert "sess_" not in told


def test_what_was_delivered_is_logged_by_number_and_not_by_address(
    app: App, post: FakeAws, logged: Callable[[], str]
) -> None:
    app.member("ada@example.com")
    post.sweep()
    assert '"outcomes":{"delivered":3}' in logged()
    assert "ada@example.com" not in logged()
