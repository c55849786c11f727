"""Over HTTP and on the queue, an account that can't be read costs its own events only."""

from collections.abc import Callable

import pytest

from tests.functions.lambda_events import sqs_event
from tests.functions.usage_events import PATH, counted_cpu_seconds
from tests.support.app import App
from tests.support.broken_items import BREAKAGES, break_account
from tests.support.call import LambdaContext, call
from tests.support.ndjson import as_json
from usage_queue.app import handler


@pytest.mark.parametrize("breakage", BREAKAGES)
def test_a_request_counts_the_events_of_all_other_accounts(app: App, breakage: str, logged: Callable[[], str]) -> None:
    broken, fine, key = app.member(), app.member(), app.platform_key("usage:write")
    break_account(app, broken, breakage)
    batch = [app.event(one, quantity=1) for _ in range(3) for one in (broken, fine)]
    answer = call("POST", PATH, key=key, raw=as_json(batch))
    results = [(result["status"], result.get("reason")) for result in answer.json["data"]["results"]]
    assert (answer.status, results) == (200, [("rejected", "retry"), ("accepted", None)] * 3)
    assert counted_cpu_seconds(app, fine) == 3
    assert "Traceback" in logged()
    assert f"usage of account {broken.account.id} is not counted" in logged()


@pytest.mark.parametrize("breakage", BREAKAGES)
@pytest.mark.usefixtures("fake_aws")
def test_a_message_counts_the_events_of_all_other_accounts_and_comes_back(app: App, breakage: str) -> None:
    broken, fine, other = app.member(), app.member(), app.member()
    break_account(app, broken, breakage)
    mixed = [app.event(one, quantity=1) for one in (broken, fine)]
    messages = [as_json(body).decode() for body in (mixed, [app.event(other, quantity=1)])]
    answer = handler(sqs_event(*messages), LambdaContext())
    assert [failure["itemIdentifier"] for failure in answer["batchItemFailures"]] == ["0"]
    assert (counted_cpu_seconds(app, fine), counted_cpu_seconds(app, other)) == (1, 1)
