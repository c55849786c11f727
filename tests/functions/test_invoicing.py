"""Each hour what is due is put on the queue, and done from there: once, however often it stands there."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from invoicing.app import handler
from tallybook.domain.invoices import Invoice
from tallybook.services.read_invoices import list_invoices
from tests.functions.notices import queued
from tests.support.call import LambdaContext
from tests.support.cloud import make_context
from tests.support.faults import Faults
from tests.support.house import House, Member
from tests.support.invariants import check_invariants
from tests.support.outside import World

HOUR_AFTER_THE_END = datetime(2026, 5, 20, 1, tzinfo=UTC)


class NearlyUp(LambdaContext):
    def get_remaining_time_in_millis(self) -> int:
        return 15_000


def tick(context: LambdaContext | None = None) -> dict[str, int]:
    """The schedule's call."""
    return handler({"job": "invoicing"}, context or LambdaContext())


def work_off(post: World, context: LambdaContext | None = None) -> list[int]:
    """All that stands on the queue, in one batch; the places of the messages that come back, and stay there."""
    answer = handler(queued(*post.messages), context or LambdaContext())
    failed = [int(failure["itemIdentifier"]) for failure in answer["batchItemFailures"]]
    post.messages = [post.messages[place] for place in failed]
    return failed


def invoices(house: House, member: Member) -> list[Invoice]:
    return list_invoices(house.ctx, house.account_of(member), offset=0, limit=100)


def spent(house: House, quantity: int = 1_000_000) -> Member:
    """An account with usage that its balance does not pay."""
    member = house.member()
    house.record(house.event(member, quantity=quantity))
    return member


def metrics(printed: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in printed.splitlines() if '"_aws"' in line]


def test_a_period_is_closed_by_the_hour_after_its_end(house: House, post: World) -> None:
    member = spent(house)
    assert tick() == {}
    house.clock.moment = HOUR_AFTER_THE_END
    assert tick() == {"close": 1}
    assert (len(post.messages), invoices(house, member)) == (1, [])
    assert work_off(post) == []
    [invoice] = invoices(house, member)
    assert (invoice.number, invoice.status, invoice.total) == (1, "open", 14_000_000)
    assert tick() == {}
    check_invariants(house)


def test_an_invoice_past_its_due_date_is_overdue(house: House, post: World) -> None:
    member = spent(house)
    house.clock.moment = HOUR_AFTER_THE_END
    tick()
    work_off(post)
    house.clock.advance(days=7)
    assert tick() == {"overdue": 1}
    assert work_off(post) == []
    assert [invoice.status for invoice in invoices(house, member)] == ["overdue"]
    assert tick() == {}
    check_invariants(house)


def test_what_is_enqueued_twice_is_done_once(house: House, post: World) -> None:
    member = spent(house)
    house.clock.moment = HOUR_AFTER_THE_END
    assert tick() == tick() == {"close": 1}
    assert len(post.messages) == 2
    assert work_off(post) == []
    assert len(invoices(house, member)) == 1
    check_invariants(house)


def test_a_message_a_task_and_ten_a_call(house: House, post: World) -> None:
    calls: list[str] = []

    def port(operation: str, call: Callable[[], Any]) -> Any:
        calls.append(operation)
        return call()

    for _ in range(11):
        house.member()
    house.clock.moment = HOUR_AFTER_THE_END
    post.port = port
    assert tick() == {"close": 11}
    assert (len(set(post.messages)), calls) == (11, ["send_message_batch"] * 2)


def test_what_the_queue_does_not_take_waits_for_the_next_hour(house: House, post: World) -> None:
    house.member()
    house.clock.moment = HOUR_AFTER_THE_END
    post.refusals = ["ThrottlingException"]
    assert tick() == {"close": 1, "left": 1}
    assert post.messages == []
    assert tick() == {"close": 1}
    assert len(post.messages) == 1


def test_a_call_whose_time_is_nearly_up_leaves_the_rest(house: House, post: World) -> None:
    house.member()
    house.clock.moment = HOUR_AFTER_THE_END
    assert tick(NearlyUp()) == {"left": 1}
    assert post.messages == []


def test_a_batch_whose_time_is_nearly_up_gives_its_messages_back(house: House, post: World) -> None:
    member = spent(house)
    house.clock.moment = HOUR_AFTER_THE_END
    tick()
    assert work_off(post, NearlyUp()) == [0]
    assert invoices(house, member) == []
    assert work_off(post) == []
    assert len(invoices(house, member)) == 1


@pytest.mark.parametrize("bad", ["", "[]", "{}", '{"kind": "close"}', '{"kind": "close", "account_id": "nobody"}'])
def test_a_message_that_is_no_task_comes_back_alone(house: House, post: World, bad: str) -> None:
    member = spent(house)
    house.clock.moment = HOUR_AFTER_THE_END
    tick()
    post.messages.insert(0, bad)
    assert work_off(post) == [0]
    assert len(invoices(house, member)) == 1


def test_a_task_that_fails_comes_back_with_its_reason_logged_and_is_done_later(
    house: House, post: World, monkeypatch: pytest.MonkeyPatch, logged: Callable[[], str]
) -> None:
    from tallybook import runtime

    member = spent(house)
    house.clock.moment = HOUR_AFTER_THE_END
    tick()
    ctx = make_context(house.client, port=Faults(throttles=1.0), clock=house.clock)
    with monkeypatch.context() as broken:
        broken.setattr(runtime, "context", lambda: ctx)
        assert work_off(post) == [0]
    assert "Unavailable" in logged()
    assert member.account.id in logged()
    assert work_off(post) == []
    assert len(invoices(house, member)) == 1
    check_invariants(house)


def test_months_that_were_missed_are_closed_in_order_by_one_message(house: House, post: World) -> None:
    member = house.member()
    house.clock.advance(days=100)
    assert tick() == {"close": 1, "late": 1}
    assert work_off(post) == []
    newest_first = invoices(house, member)
    assert [invoice.number for invoice in newest_first] == [3, 2, 1]
    starts = [invoice.period.start for invoice in newest_first]
    assert starts == sorted(starts, reverse=True)
    check_invariants(house)


def test_what_the_call_before_found_and_is_still_not_done_is_counted_aloud(
    house: House, post: World, capsys: pytest.CaptureFixture[str]
) -> None:
    house.member()
    house.clock.moment = HOUR_AFTER_THE_END - timedelta(minutes=30)
    assert tick() == {"close": 1}
    house.clock.advance(minutes=60)
    assert tick() == {"close": 1}
    assert metrics(capsys.readouterr().out) == []
    house.clock.advance(minutes=6)
    assert tick() == {"close": 1, "late": 1}
    [line] = metrics(capsys.readouterr().out)
    assert line["InvoicingLate"] == [1.0]
    assert (line["service"], line["stage"]) == ("test", "test")


def test_each_call_tells_its_counts_in_a_line(house: House, post: World, logged: Callable[[], str]) -> None:
    house.member()
    house.clock.moment = HOUR_AFTER_THE_END
    tick()
    work_off(post)
    assert '"tasks":{"close":1' in logged()
    assert '"messages":1,"failed":0,"done":{"paid":1}' in logged()


def test_the_worker_asks_for_no_queue(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("QUEUE_URL", raising=False)
    member = house.member()
    house.clock.moment = HOUR_AFTER_THE_END
    body = json.dumps({"kind": "close", "account_id": member.account.id, "position": None})
    assert handler(queued(body), LambdaContext()) == {"batchItemFailures": []}
    assert len(invoices(house, member)) == 1
