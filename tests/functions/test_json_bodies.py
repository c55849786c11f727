"""Each route reads whole numbers however they are written, and refuses an object with a key that stands twice."""

import json
from typing import Any

import pytest

from tests.functions.refusal import check_refusal
from tests.functions.route_catalog import VALID_REQUESTS, WITH_BODY, name_of
from tests.functions.scenario import Scenario
from tests.support.call import Answer
from tests.support.routes import Route

EVENTS = Route("POST", "/v1/platform/events")
SIZES = ("cpu_cores", "memory_gb", "storage_gb", "budget_amount", "discount", "percent")
"""The number fields that may have decimals."""

each_route = pytest.mark.parametrize("route", WITH_BODY, ids=name_of)


def send(scenario: Scenario, route: Route, raw: str) -> Answer:
    return scenario.request(route, key=scenario.credential(route), raw=raw.encode())


def with_floats(value: Any) -> Any:
    """The value with each integer as a float, which JSON writes with a point."""
    if isinstance(value, dict):
        return {name: with_floats(one) for name, one in value.items()}
    if isinstance(value, list):
        return [with_floats(one) for one in value]
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


def objects_in(value: Any) -> list[dict[str, Any]]:
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    inner = [one for part in parts for one in objects_in(part)]
    return [value, *inner] if isinstance(value, dict) else inner


@each_route
def test_an_integer_may_be_written_as_a_float(scenario: Scenario, route: Route) -> None:
    body = VALID_REQUESTS[route].body(scenario)
    expected = send(scenario, route, json.dumps(body))
    scenario.reset()
    answer = send(scenario, route, json.dumps(with_floats(body)))
    assert answer.status == expected.status == VALID_REQUESTS[route].status, answer.text
    assert answer.text.count(".0") == expected.text.count(".0")


@each_route
def test_a_fraction_in_an_integer_field_is_refused_by_its_name(scenario: Scenario, route: Route) -> None:
    body = VALID_REQUESTS[route].body(scenario)
    for name, value in body.items():
        if isinstance(value, int) and not isinstance(value, bool) and name not in SIZES:
            answer = send(scenario, route, json.dumps({**body, name: value + 0.5}))
            assert name in check_refusal(answer, route.path), name


@each_route
def test_a_key_that_stands_twice_is_refused_by_its_name_at_any_depth(scenario: Scenario, route: Route) -> None:
    body, before = VALID_REQUESTS[route].body(scenario), scenario.stored()
    text = json.dumps(body | {"unknown": {"deep": [{"a": 1}]}})
    for one in objects_in(body | {"unknown": {"deep": [{"a": 1}]}}):
        for name, value in one.items():
            field = f"{json.dumps(name)}: {json.dumps(value)}"
            answer = send(scenario, route, text.replace(field, f"{json.dumps(name)}: null, {field}", 1))
            problem = f'the key "{name}" stands twice in one object'
            if route == EVENTS:
                assert [one["reason"] for one in answer.json["data"]["results"]] == [problem]
            else:
                assert check_refusal(answer, route.path) == f"In the body, {problem}"
    assert scenario.stored() == before


def test_a_batch_without_events_is_a_valid_batch(scenario: Scenario) -> None:
    answer = send(scenario, EVENTS, "[]")
    counts = {"accepted": 0, "duplicates": 0, "conflicts": 0, "rejected": 0}
    assert (answer.status, answer.json["data"]) == (200, {**counts, "results": []})
