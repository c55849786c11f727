"""Transient errors are retried: a call succeeds, is refused, or is unavailable after the last attempt."""

from typing import Any

import pytest
from boto3.dynamodb.conditions import Attr
from botocore.exceptions import ClientError, EndpointConnectionError

from tallybook.domain.errors import Conflict, Unavailable
from tallybook.store.capacity import CapacityMeter
from tallybook.store.commands import Delete, Put, Update
from tallybook.store.conflicts import WriteConflict
from tallybook.store.keys import Key
from tallybook.store.table import Tables
from tests.support.cloud import NAMES, meter_of
from tests.support.faults import Fault, Faults, client_error, conflict, cut_off, lost_answer, throttle

ONE, TWO = Key("core", "P", "1"), Key("core", "P", "2")
ATTEMPTS = 20
TRANSIENT = [conflict, throttle, lost_answer, cut_off]


class Recording:
    """A client that records its requests."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self.requests: list[dict[str, Any]] = []

    def __getattr__(self, operation: str) -> Any:
        def call(**request: Any) -> Any:
            self.requests.append(request)
            return getattr(self._client, operation)(**request)

        return call


class App:
    """Tables with faults at their interceptor, and a record of their pauses."""

    def __init__(self, client: Any) -> None:
        self.faults = Faults()
        self.pauses: list[float] = []
        self.client = Recording(client)
        self.tables = Tables(self.client, NAMES, interceptor=self.faults, pause=self.pauses.append)


@pytest.fixture
def app(client: Any) -> App:
    return App(client)


@pytest.mark.parametrize("error", TRANSIENT)
@pytest.mark.parametrize("times", [1, 5])
def test_every_call_is_retried_until_it_succeeds(app: App, error: Fault, times: int) -> None:
    for call in (
        lambda: app.tables.write(Put(ONE, {"a": 1})),
        lambda: app.tables.get(ONE),
        lambda: app.tables.get_many([ONE, TWO]),
        lambda: list(app.tables.query("core", "P", start="0", end="9")),
        lambda: app.tables.transact([Update(ONE, add={"a": 1}), Put(TWO, {})]),
        lambda: app.tables.write(Delete(ONE)),
    ):
        app.faults.clear()
        for number in range(1, times + 1):
            app.faults.fail_nth(number, error=error)
        call()
        assert app.faults.calls == times + 1
    assert app.tables.get(ONE) is None
    assert app.tables.get(TWO) is not None


@pytest.mark.parametrize(
    "code",
    [
        "InternalServerError",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "ServiceUnavailable",
        "ThrottlingException",
        "TransactionInProgressException",
    ],
)
def test_a_transient_error_is_retried(app: App, code: str) -> None:
    app.faults.fail_nth(1, error=lambda operation: client_error(operation, code))
    app.tables.write(Put(ONE, {}))
    assert app.faults.calls == 2


@pytest.mark.parametrize(
    "code",
    [
        "ValidationException",
        "ResourceNotFoundException",
        "AccessDeniedException",
        "IdempotentParameterMismatchException",
    ],
)
def test_a_permanent_error_is_not_retried(app: App, code: str) -> None:
    app.faults.fail_nth(1, error=lambda operation: client_error(operation, code))
    with pytest.raises(ClientError, match=code):
        app.tables.write(Put(ONE, {}))
    assert (app.faults.calls, app.pauses) == (1, [])


def test_a_transaction_cancelled_for_a_permanent_error_is_not_retried(app: App) -> None:
    reasons = [{"Code": "None"}, {"Code": "ValidationError"}]
    app.faults.fail_nth(
        1, error=lambda name: client_error(name, "TransactionCanceledException", CancellationReasons=reasons)
    )
    with pytest.raises(ClientError):
        app.tables.transact([Put(ONE, {}), Put(TWO, {})])
    assert app.faults.calls == 1


def test_a_condition_that_failed_beside_a_conflict_is_final(app: App) -> None:
    """The conflicting transaction may still fail, but the failed condition was checked on a stored value."""
    reasons = [{"Code": "TransactionConflict"}, {"Code": "ConditionalCheckFailed", "Item": {"a": {"N": "1"}}}]
    app.faults.fail_nth(
        1, error=lambda name: client_error(name, "TransactionCanceledException", CancellationReasons=reasons)
    )
    with pytest.raises(WriteConflict) as refused:
        app.tables.transact([Put(ONE, {}), Put(TWO, {})])
    assert [(failure.command.key, failure.was) for failure in refused.value.failures] == [(TWO, {"a": 1})]
    assert app.faults.calls == 1


def test_a_failed_condition_is_not_retried(app: App) -> None:
    app.tables.write(Put(ONE, {}))
    app.faults.clear()
    with pytest.raises(WriteConflict):
        app.tables.transact([Put(ONE, {})])
    with pytest.raises(WriteConflict):
        app.tables.write(Update(TWO, set={"a": 1}))
    assert app.faults.calls == 2


def test_after_the_last_attempt_it_is_unavailable_and_nothing_is_written(app: App) -> None:
    for number in range(1, 100):
        app.faults.fail_nth(number)
    for call in (
        lambda: app.tables.write(Put(ONE, {})),
        lambda: app.tables.transact([Put(ONE, {})]),
    ):
        before = app.faults.calls
        with pytest.raises(Unavailable):
            call()
        assert app.faults.calls - before == ATTEMPTS
    app.faults.clear()
    assert app.tables.get(ONE) is None


def test_the_last_attempt_may_succeed(app: App) -> None:
    for number in range(1, ATTEMPTS):
        app.faults.fail_nth(number, error=throttle)
    app.tables.write(Put(ONE, {}))
    assert app.faults.calls == ATTEMPTS


def test_pauses_grow_to_a_bound_and_all_differ(app: App) -> None:
    for number in range(1, ATTEMPTS):
        app.faults.fail_nth(number)
    app.tables.get_many([ONE])
    app.tables.write(Put(ONE, {}))
    bounds = [min(0.8, 0.025 * 2**attempt) for attempt in range(ATTEMPTS - 1)]
    assert len(app.pauses) == len(bounds)
    assert all(0 <= pause <= bound for pause, bound in zip(app.pauses, bounds, strict=True))
    assert len(set(app.pauses)) == len(app.pauses)


def test_an_endpoint_that_can_not_be_reached_is_unavailable(app: App) -> None:
    """A wrong address or a missing network should show at once, without retries."""
    app.faults.fail_nth(1, error=lambda _: EndpointConnectionError(endpoint_url="https://nowhere.example"))
    try:
        app.tables.get(ONE)
    except Unavailable:
        assert app.faults.calls == 1
    else:
        assert app.faults.calls == 2


@pytest.mark.parametrize("error", [lost_answer, cut_off])
def test_a_put_whose_answer_was_lost_recognizes_its_own_write(app: App, error: Fault) -> None:
    value = {"number": 7, "none": None, "list": ["a"], "nested": {"yes": True}}
    app.faults.fail_nth(1, "after", error)
    app.tables.write(Put(ONE, value, refusal=Conflict("taken")))
    assert app.faults.calls == 2
    assert app.tables.get(ONE) == {"pk": "P", "sk": "1", "number": 7, "list": ["a"], "nested": {"yes": True}}


def test_a_put_with_a_lost_answer_over_anothers_item_is_refused(app: App) -> None:
    app.tables.write(Put(ONE, {"mine": False}))
    app.faults.clear().fail_nth(1, "after", lost_answer)
    with pytest.raises(Conflict, match="taken"):
        app.tables.write(Put(ONE, {"mine": True}, refusal=Conflict("taken")))
    assert app.tables.get(ONE) == {"pk": "P", "sk": "1", "mine": False}


def test_an_update_with_a_lost_answer_is_repeated_with_the_same_result(app: App) -> None:
    app.tables.write(Put(ONE, {"a": 1}))
    app.faults.clear().fail_nth(1, "after", lost_answer)
    app.tables.write(Update(ONE, set={"a": 2}))
    assert app.tables.get(ONE) == {"pk": "P", "sk": "1", "a": 2}


def test_a_repeated_transaction_keeps_its_token_and_each_has_its_own(app: App) -> None:
    """By the token DynamoDB recognizes the repeat of a transaction that happened."""
    app.faults.fail_nth(2, error=lost_answer).fail_nth(3).fail_nth(4, error=throttle)
    app.tables.transact([Put(ONE, {})])
    app.faults.clear()
    seen = len(app.client.requests)
    faulty = Faults().fail_nth(1, "after", throttle)
    tables = Tables(app.client, NAMES, interceptor=faulty, pause=app.pauses.append)
    tables.transact([Update(ONE, set={"a": 1}, condition=Attr("a").not_exists() | Attr("a").eq(1))])
    tokens = [request["ClientRequestToken"] for request in app.client.requests]
    assert seen == 1
    assert tokens[1] == tokens[2] != tokens[0]


def test_every_read_is_strongly_consistent(app: App) -> None:
    app.tables.get(ONE)
    list(app.tables.query("core", "P", start="0", end="9"))
    app.tables.get_many([ONE, Key("usage", "P", "1")])
    get, query, batch = app.client.requests
    tables = batch["RequestItems"].values()
    assert [request.get("ConsistentRead") for request in (get, query, *tables)] == [True] * 4


class OneKeyClient:
    """A client whose BatchGetItem answers one key at a time, in any table, and leaves the rest unprocessed."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self.key_counts: list[int] = []

    def batch_get_item(self, *, RequestItems: dict[str, Any]) -> Any:  # noqa: N803 boto3's name
        expected = [(table, key) for table, request in RequestItems.items() for key in request["Keys"]]
        self.key_counts.append(len(expected))
        (table, key), rest = expected[0], expected[1:]
        answer = self._client.batch_get_item(RequestItems={table: {"Keys": [key], "ConsistentRead": True}})
        left: dict[str, Any] = {}
        for name, other in rest:
            left.setdefault(name, {"Keys": [], "ConsistentRead": True})["Keys"].append(other)
        return {"Responses": answer["Responses"], "UnprocessedKeys": left}


def test_unprocessed_keys_are_requested_again(client: Any) -> None:
    usage = Key("usage", "P", "1")
    writing = Tables(client, NAMES)
    for key in (ONE, usage):
        writing.write(Put(key, {"name": key.table}))
    one_key_client, pauses = OneKeyClient(client), []
    tables = Tables(one_key_client, NAMES, observer=CapacityMeter(), pause=pauses.append)
    found = tables.get_many([ONE, TWO, usage])
    assert {key: item["name"] for key, item in found.items()} == {ONE: "core", usage: "usage"}
    assert (one_key_client.key_counts, len(pauses)) == ([3, 2, 1], 2)
    assert (meter_of(tables).calls, meter_of(tables).read_units) == (3, 3)


def test_keys_that_stay_unprocessed_are_unavailable(client: Any) -> None:
    class Empty:
        def batch_get_item(self, *, RequestItems: dict[str, Any]) -> Any:  # noqa: N803 boto3's name
            return {"Responses": {}, "UnprocessedKeys": RequestItems}

    with pytest.raises(Unavailable):
        Tables(Empty(), NAMES, pause=lambda _: None).get_many([ONE])
