"""Counts are checked before values: a body with very many values costs no more than one with a few."""

import json
from typing import Any

import pytest

from tallybook.domain.errors import Invalid
from tallybook.wire.requests import bodies, budget_bodies
from tallybook.wire.requests.bodies import RequestBody, read_body
from tallybook.wire.requests.budget_bodies import BudgetChangeRequest, BudgetRequest
from tallybook.wire.requests.cloudevents import MAX_BYTES, MAX_EVENTS, read_events
from tallybook.wire.requests.counts import MOST_LEVELS, MOST_VALUES
from tallybook.wire.requests.json_values import read_json
from tests.support.work import count_calls, peak_bytes

MANY = 524_000
MODELS = [
    model
    for module in (bodies, budget_bodies)
    for model in vars(module).values()
    if isinstance(model, type) and issubclass(model, RequestBody) and model is not RequestBody
]
CROWDED: dict[str, Any] = {
    "numbers": [1] * MANY,
    "objects": [{"percent": 1}] * MANY,
    "texts": ["a@example.com"] * MANY,
    "names": {str(number): number for number in range(MANY)},
    "lists in a list": [[1] * 10_000] * 50,
}
EVENT = (
    '{"specversion": "1.0", "id": "e", "source": "s", "type": "tallybook.usage.v1", "time": "2026-04-20T12:00:00Z", '
    '"subject": "acc-1", "data": {"meter": "cpu_seconds", "quantity": 1}}'
)


def refusal(model: type[RequestBody], data: Any) -> Invalid:
    with pytest.raises(Invalid) as refused:
        read_body(model, data)
    return refused.value


def array_of(element: str, *, size: int = MAX_BYTES) -> bytes:
    """An array of as many of these elements as fit."""
    return f"[{','.join([element] * ((size - 2) // (len(element) + 1)))}]".encode()


@pytest.mark.parametrize("name", CROWDED)
@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_a_crowded_field_is_refused_before_its_values_are_read(model: type[RequestBody], name: str) -> None:
    for field in model.model_fields:
        body = {field: CROWDED[name]}
        assert count_calls(lambda body=body: read_body(model, body)) < 1000, field
        assert peak_bytes(lambda body=body: read_body(model, body)) < 100_000, field
        assert field in refusal(model, body).message


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_a_body_with_very_many_fields_is_refused_unread(model: type[RequestBody]) -> None:
    body = CROWDED["names"]
    assert count_calls(lambda: read_body(model, body)) < 1000
    assert refusal(model, body).message == f"The body has {MANY} fields; {MOST_VALUES} are the most"


def test_an_unknown_field_may_hold_anything() -> None:
    assert read_body(BudgetRequest, {"budget_amount": 1, "unknown": [[1] * MANY]}).budget_amount == 1


def test_twenty_one_thresholds_are_refused_by_their_number_alone() -> None:
    for model in (BudgetRequest, BudgetChangeRequest):
        error = refusal(model, {"budget_amount": 1, "alert_thresholds": [{"percent": "not read"}] * 21})
        assert (error.message, error.code) == ("alert_thresholds has 21; 20 are the most", "invalid_thresholds")


def test_a_list_with_too_many_values_is_named_with_both_numbers() -> None:
    emails = ["finance@example.com"] * (MOST_VALUES + 1)
    error = refusal(BudgetRequest, {"budget_amount": 1, "notification_emails": emails})
    assert (error.message, error.field) == (
        f"notification_emails has {MOST_VALUES + 1} values; {MOST_VALUES} are the most",
        "notification_emails",
    )
    assert read_body(BudgetRequest, {"budget_amount": 1, "notification_emails": emails[1:]})


def test_a_field_that_is_nested_too_deeply_is_named() -> None:
    deep: Any = 1
    for _ in range(MOST_LEVELS + 1):
        deep = {"a": [deep]} if isinstance(deep, list) else [deep]
    error = refusal(BudgetRequest, {"budget_amount": 1, "limit_type": deep})
    assert error.message == f"limit_type is nested more than {MOST_LEVELS} levels deep"


@pytest.mark.parametrize("element", ["1", "{}", "[]", '""', "1.5", '{"a":1}', "[1,1,1,1]", EVENT.replace(" ", "")])
def test_of_very_many_events_no_more_are_read_than_a_request_may_hold(element: str) -> None:
    many = array_of(element)
    count = json.loads(many).__len__()
    if count > MAX_EVENTS:
        with pytest.raises(Invalid, match="at most 1000 events"):
            read_events(many)
    assert count_calls(lambda: read_events(many)) < 120 * MAX_EVENTS
    assert peak_bytes(lambda: read_events(many)) < 8 * MAX_BYTES


def test_events_beside_one_that_is_nested_deeply_are_counted_too() -> None:
    deep = "[" * 20_000 + "]" * 20_000
    many = f"[{deep},{array_of('1', size=900_000).decode()[1:]}".encode()
    with pytest.raises(Invalid, match="at most 1000 events"):
        read_events(many)
    assert count_calls(lambda: read_events(many)) < 120 * MAX_EVENTS


def test_the_memory_for_a_body_is_a_small_multiple_of_its_size() -> None:
    for element in ("1", "{}", "[]", "1.5", '{"a":1}', '"é"'):
        body = array_of(element, size=65_536)
        assert peak_bytes(lambda body=body: read_json(body)) < 60 * len(body), element
