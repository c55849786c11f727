"""Of two requests with one idempotency key at once, one makes the change, and both get its answer."""

from collections.abc import Callable
from typing import Any

import pytest

from tallybook import runtime
from tests.functions.keyed_requests import KEYED_ROUTES, SESSIONS, send, send_meanwhile
from tests.functions.route_catalog import VALID_REQUESTS, name_of
from tests.functions.scenario import Scenario
from tests.support.allocations import allocate_to
from tests.support.call import Answer
from tests.support.cloud import make_context
from tests.support.race import interleave
from tests.support.routes import Route


@pytest.mark.parametrize("route", KEYED_ROUTES, ids=name_of)
def test_of_two_at_once_one_changes_and_both_get_its_answer(
    scenario: Scenario, route: Route, monkeypatch: pytest.MonkeyPatch
) -> None:
    ready = scenario.ready_for(route)
    for operation in ("transact_write_items", "batch_get_item", "get_item", "query"):
        for at in (1, 2, 3):
            ready.reset()
            answers: list[Answer] = []

            def other(answers: list[Answer] = answers) -> None:
                monkeypatch.setattr(runtime, "context", lambda: ready.app.ctx)
                answers.append(send_meanwhile(ready, route))

            ctx = interleave(ready.app, operation, other, call=at)
            monkeypatch.setattr(runtime, "context", lambda ctx=ctx: ctx)
            answers.append(send(ready, route))
            assert {(one.status, one.text) for one in answers} == {(VALID_REQUESTS[route].status, answers[0].text)}
            assert len(answers) == 2 or (operation, at) not in {("transact_write_items", 1), ("batch_get_item", 1)}
            assert len(ready.app.stored("core", "ANSWER")) == 1


def test_a_start_that_its_twin_left_no_room_for_gets_the_twins_answer(
    scenario: Scenario, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The account changes before the first write, and the twin starts before the account is read again."""
    app, answers = scenario.app, list[Answer]()
    allocate_to(app, scenario.member, scenario.member, concurrent_sandboxes=2)  # one is running
    steps = [
        ("transact_write_items", lambda: app.change_account(scenario.member, hard_limit=10**12)),
        ("batch_get_item", lambda: answers.append(send_meanwhile(scenario, SESSIONS))),
    ]

    def interceptor(operation: str, go: Callable[[], Any]) -> Any:
        if steps and operation == steps[0][0]:
            steps.pop(0)[1]()
        return go()

    first = make_context(app.client, interceptor=interceptor, clock=app.clock)
    monkeypatch.setattr(runtime, "context", lambda: first if steps else app.ctx)
    answers.append(send(scenario, SESSIONS))
    assert not steps
    assert [one.status for one in answers] == [201, 201]
    assert answers[0].text == answers[1].text
