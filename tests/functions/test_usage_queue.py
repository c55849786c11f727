"""The queue's messages are done once all they hold is counted; anything else comes back, message by message."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.functions.notices import queued
from tests.support.call import LambdaContext
from tests.support.cloud import make_context
from tests.support.faults import Faults
from tests.support.house import House
from tests.support.invariants import check_invariants
from tests.support.ndjson import as_json
from usage_queue.app import handler


def deliver(house: House, *bodies: Any, context: LambdaContext | None = None) -> list[int]:
    """The places of the messages that failed."""
    messages = [body if isinstance(body, str) else as_json(body).decode() for body in bodies]
    answer = handler(queued(*messages), context or LambdaContext())
    check_invariants(house)
    return [int(failure["itemIdentifier"]) for failure in answer["batchItemFailures"]]


def counted(house: House) -> int:
    return len([item for item in house.stored("usage") if item["sk"] == "EVENT"])


def test_a_message_holds_one_event_or_many_and_may_be_delivered_twice(house: House) -> None:
    member = house.member()
    one, many = house.event(member), [house.event(member) for _ in range(3)]
    assert deliver(house, one, many) == []
    assert deliver(house, many, one) == []
    assert counted(house) == 4


@pytest.mark.parametrize(
    "bad", ["not json", "[]", '"text"', "{}"], ids=["no JSON", "no events", "no object", "an empty object"]
)
def test_a_message_that_cannot_be_read_fails_alone(house: House, bad: str) -> None:
    member = house.member()
    assert deliver(house, house.event(member), bad, house.event(member)) == [1]
    assert counted(house) == 2


def test_a_message_with_one_refused_event_comes_back_and_its_others_count_once(house: House) -> None:
    member = house.member()
    mixed = [house.event(member), house.event(member, meter="kilowatts")]
    assert deliver(house, mixed) == deliver(house, mixed) == [0]
    assert counted(house) == 1


def test_a_conflict_comes_back_rather_than_be_dropped(house: House) -> None:
    member = house.member()
    event = house.event(member)
    assert deliver(house, event) == []
    assert deliver(house, {**event, "source": event["source"], "data": {**event["data"], "quantity": 1}}) == [0]
    assert counted(house) == 1


def test_a_defect_fails_its_message_and_no_other(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    import usage_queue.app as queue

    real, member = queue.record_usage, house.member()
    broken = house.event(member)

    def fail_for_one(ctx: Any, submitted: Any, accounts: Any, **how: Any) -> Any:
        if submitted[0].id == broken["id"]:
            raise RuntimeError("a defect")
        return real(ctx, submitted, accounts, **how)

    monkeypatch.setattr(queue, "record_usage", fail_for_one)
    assert deliver(house, house.event(member), broken, house.event(member)) == [1]
    assert counted(house) == 2


def test_a_batch_whose_time_is_nearly_up_gives_its_messages_back(house: House) -> None:
    class NearlyUp(LambdaContext):
        def get_remaining_time_in_millis(self) -> int:
            return 5_000

    member = house.member()
    assert deliver(house, house.event(member), house.event(member), context=NearlyUp()) == [0, 1]
    assert counted(house) == 0


@pytest.mark.parametrize(
    "bad",
    ["null", "[1, 2]", '{"id": "\\ud800"}', "[" * 100_000, " " * (1024 * 1024 + 1), '{"quantity": NaN}', "", "\ufeff["],
    ids=["null", "no objects", "half a pair", "deep", "over a mebibyte", "NaN", "empty", "cut short"],
)
def test_nothing_that_a_message_holds_stops_the_messages_beside_it(house: House, bad: str) -> None:
    member = house.member()
    assert deliver(house, bad, house.event(member)) == [0]
    assert counted(house) == 1


def test_a_message_of_a_thousand_and_one_events_comes_back_and_counts_nothing(house: House) -> None:
    event = house.event(house.member())
    assert deliver(house, [event] * 1001) == [0]
    assert counted(house) == 0


def test_a_batch_of_nothing_but_failures_fails_message_by_message(house: House) -> None:
    assert deliver(house, "{", "{", "{") == [0, 1, 2]


def test_a_message_for_a_suspended_account_is_done_and_for_an_unknown_or_deleted_one_comes_back(house: House) -> None:
    suspended, deleted = house.member(), house.member()
    house.change_account(suspended, status="suspended")
    house.change_account(deleted, status="deleted")
    unknown = {**house.event(suspended), "subject": "acc-nobody"}
    assert deliver(house, house.event(suspended), house.event(deleted), unknown) == [1, 2]


def test_a_message_that_could_not_be_counted_now_comes_back_and_counts_later(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tallybook import runtime

    member = house.member()
    messages = [house.event(member), [house.event(member), house.event(member)]]
    faults = Faults(throttles=1.0)
    ctx = make_context(house.client, port=faults, clock=house.clock)
    monkeypatch.setattr(runtime, "context", lambda: ctx)
    assert deliver(house, *messages) == [0, 1]
    monkeypatch.setattr(runtime, "context", lambda: house.ctx)
    assert deliver(house, *messages) == []
    assert counted(house) == 3


def test_what_comes_back_is_logged_with_its_reasons_and_without_what_it_held(
    house: House, logged: Callable[[], str]
) -> None:
    member = house.member()
    deliver(house, house.event(member, meter="kilowatts", app_id="confidential"))
    assert "unknown_meter" in logged()
    assert "confidential" not in logged()
    assert '"failed":1' in logged()
