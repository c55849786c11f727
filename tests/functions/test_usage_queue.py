"""A queue message succeeds once all its events are counted; otherwise it alone fails and comes back."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.functions.lambda_events import sqs_event
from tests.support.app import App
from tests.support.call import LambdaContext
from tests.support.cloud import make_context
from tests.support.fake_aws import FakeAws
from tests.support.faults import Faults
from tests.support.invariants import check_invariants
from tests.support.ndjson import as_json
from usage_queue.app import handler

pytestmark = pytest.mark.usefixtures("fake_aws")


def deliver(app: App, *bodies: Any, context: LambdaContext | None = None) -> list[int]:
    """Deliver a batch; return the indexes of the messages that failed."""
    messages = [body if isinstance(body, str) else as_json(body).decode() for body in bodies]
    answer = handler(sqs_event(*messages), context or LambdaContext())
    check_invariants(app)
    return [int(failure["itemIdentifier"]) for failure in answer["batchItemFailures"]]


def counted(app: App) -> int:
    return len([item for item in app.stored("usage") if item["sk"] == "EVENT"])


def test_a_message_holds_one_event_or_many_and_may_be_delivered_twice(app: App) -> None:
    member = app.member()
    one, many = app.event(member), [app.event(member) for _ in range(3)]
    assert deliver(app, one, many) == []
    assert deliver(app, many, one) == []
    assert counted(app) == 4


def test_a_message_with_an_empty_batch_is_done(app: App) -> None:
    assert deliver(app, "[]", app.event(app.member())) == []
    assert counted(app) == 1


@pytest.mark.parametrize("bad", ["not json", '"text"', "{}"], ids=["no JSON", "no object", "an empty object"])
def test_a_message_that_cannot_be_read_fails_alone(app: App, bad: str) -> None:
    member = app.member()
    assert deliver(app, app.event(member), bad, app.event(member)) == [1]
    assert counted(app) == 2


def test_a_message_with_one_refused_event_comes_back_and_its_others_count_once(app: App) -> None:
    member = app.member()
    mixed = [app.event(member), app.event(member, meter="kilowatts")]
    assert deliver(app, mixed) == deliver(app, mixed) == [0]
    assert counted(app) == 1


def test_an_event_of_a_newer_version_comes_back_and_is_not_dropped(app: App) -> None:
    member = app.member()
    newer = app.event(member) | {"type": "tallybook.usage.v2"}
    assert deliver(app, [app.event(member), newer]) == deliver(app, newer) == [0]
    assert counted(app) == 1


@pytest.mark.parametrize("value", ["NaN", "1e999999999999999999999", "9" * 5000, r'"\ud800"', "[" * 9**5 + "]" * 9**5])
def test_a_message_with_a_value_that_cannot_be_comes_back_and_its_others_count(app: App, value: str) -> None:
    member = app.member()
    good = [as_json(app.event(member)).decode() for _ in range(2)]
    bad = as_json(app.event(member, quantity="HERE")).decode().replace('"HERE"', value)
    message = f"[{good[0]}, {bad}, {good[1]}]"
    assert deliver(app, message) == deliver(app, message) == [0]
    assert counted(app) == 2


def test_a_conflict_comes_back_and_is_not_dropped(app: App) -> None:
    member = app.member()
    event = app.event(member)
    assert deliver(app, event) == []
    assert deliver(app, {**event, "source": event["source"], "data": {**event["data"], "quantity": 1}}) == [0]
    assert counted(app) == 1


def test_a_defect_fails_its_message_and_no_other(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    import usage_queue.app as queue

    real, member = queue.record_usage, app.member()
    broken = app.event(member)

    def fail_for_one(ctx: Any, submitted: Any, accounts: Any, **how: Any) -> Any:
        if submitted[0].id == broken["id"]:
            raise RuntimeError("a defect")
        return real(ctx, submitted, accounts, **how)

    monkeypatch.setattr(queue, "record_usage", fail_for_one)
    assert deliver(app, app.event(member), broken, app.event(member)) == [1]
    assert counted(app) == 2


def test_a_batch_whose_time_is_nearly_up_gives_its_messages_back(app: App) -> None:
    class NearlyUp(LambdaContext):
        def get_remaining_time_in_millis(self) -> int:
            return 5_000

    member = app.member()
    assert deliver(app, app.event(member), app.event(member), context=NearlyUp()) == [0, 1]
    assert counted(app) == 0


@pytest.mark.parametrize(
    "bad",
    ["null", "[1, 2]", '{"id": "\\ud800"}', "[" * 100_000, " " * (1024 * 1024 + 1), '{"quantity": NaN}', "", "\ufeff["],
    ids=["null", "no objects", "half a pair", "deep", "over a mebibyte", "NaN", "empty", "cut short"],
)
def test_an_unreadable_message_does_not_stop_the_others(app: App, bad: str) -> None:
    member = app.member()
    assert deliver(app, bad, app.event(member)) == [0]
    assert counted(app) == 1


def test_a_message_of_a_thousand_and_one_events_comes_back_and_counts_nothing(app: App) -> None:
    event = app.event(app.member())
    assert deliver(app, [event] * 1001) == [0]
    assert counted(app) == 0


def test_a_batch_of_nothing_but_failures_fails_message_by_message(app: App) -> None:
    assert deliver(app, "{", "{", "{") == [0, 1, 2]


def test_suspended_accounts_messages_count_unknown_ones_come_back(app: App) -> None:
    suspended, deleted = app.member(), app.member()
    app.change_account(suspended, status="suspended")
    app.change_account(deleted, status="deleted")
    unknown = {**app.event(suspended), "subject": "acc-nobody"}
    assert deliver(app, app.event(suspended), app.event(deleted), unknown) == [1, 2]


def test_a_message_comes_back_from_a_busy_table_and_counts_later(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    from tallybook import runtime

    member = app.member()
    messages = [app.event(member), [app.event(member), app.event(member)]]
    faults = Faults(throttles=1.0)
    ctx = make_context(app.client, interceptor=faults, clock=app.clock)
    monkeypatch.setattr(runtime, "context", lambda: ctx)
    assert deliver(app, *messages) == [0, 1]
    monkeypatch.setattr(runtime, "context", lambda: app.ctx)
    assert deliver(app, *messages) == []
    assert counted(app) == 3


def test_failed_messages_are_logged_with_reasons_without_content(app: App, logged: Callable[[], str]) -> None:
    member = app.member()
    deliver(app, app.event(member, meter="kilowatts", app_id="confidential"))
    assert "unknown_meter" in logged()
    assert "confidential" not in logged()
    assert '"failed":1' in logged()


def pauses(fake_aws: FakeAws, *bodies: str, received: int = 1, context: LambdaContext | None = None) -> list[int]:
    """The seconds until each failed message of a batch is received again."""
    fake_aws.pauses.clear()
    handler(sqs_event(*bodies, received=received), context or LambdaContext())
    return list(fake_aws.pauses.values())


def test_a_refused_message_comes_back_every_two_minutes(app: App, fake_aws: FakeAws) -> None:
    good, bad = (as_json(app.event(app.member(), **more)).decode() for more in ({}, {"meter": "kilowatts"}))
    assert pauses(fake_aws, good, bad, "{", received=9) == [120, 120]


def test_a_message_that_the_tables_are_too_busy_for_pauses_longer_each_time(
    app: App, fake_aws: FakeAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tallybook import runtime

    message = as_json([app.event(app.member()), app.event(app.member(), meter="kilowatts")]).decode()
    for error in ({"conflicts": 1.0}, {"throttles": 1.0}):
        ctx = make_context(app.client, interceptor=Faults(**error), clock=app.clock)
        monkeypatch.setattr(runtime, "context", lambda ctx=ctx: ctx)
        assert 15 <= pauses(fake_aws, message)[0] <= 30
        assert 480 <= pauses(fake_aws, message, received=6)[0] <= 960
    monkeypatch.setattr(runtime, "context", lambda: app.ctx)
    assert pauses(fake_aws, message, received=7) == [120], "the other event is counted, this one is refused"


def test_a_message_without_time_left_counts_as_busy(app: App, fake_aws: FakeAws) -> None:
    class NearlyUp(LambdaContext):
        def get_remaining_time_in_millis(self) -> int:
            return 5_000

    message = as_json(app.event(app.member())).decode()
    assert 3600 <= pauses(fake_aws, message, received=14, context=NearlyUp())[0] <= 7200


def test_messages_that_sqs_does_not_postpone_still_come_back(
    app: App, fake_aws: FakeAws, logged: Callable[[], str]
) -> None:
    fake_aws.refusals = ["RequestThrottled"]
    assert deliver(app, "{", app.event(app.member())) == [0]
    assert "RequestThrottled" in logged()
