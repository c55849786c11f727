"""The reference's limits of fields and its query parameters are those of the code."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from starlette.datastructures import QueryParams

from tests.functions.route_catalog import VALID_REQUESTS, name_of
from tests.functions.scenario import Scenario
from tests.support.call import Answer
from tests.support.reference import Place, code_of, operation_of, resolve
from tests.support.routes import Route

MALFORMED = {"invalid_request", "weak_password", "invalid_name", "invalid_email", "invalid_thresholds"}
EVENTS = "/v1/platform/events"


def operation(route: Route) -> dict[str, Any]:
    return operation_of(Place(route.path, route.method.lower()))


def body_fields(route: Route) -> Mapping[str, dict[str, Any]]:
    content = operation(route).get("requestBody", {}).get("content", {})
    fields: Mapping[str, dict[str, Any]] = (
        resolve(content["application/json"]["schema"])["properties"] if content else {}
    )
    return fields


WITH_BODY = [route for route in VALID_REQUESTS if "requestBody" in operation(route) and route.path != EVENTS]


def ends(schema: Mapping[str, Any]) -> Iterator[tuple[Any, Any]]:
    """Each limit as a value that keeps it, and one just beyond."""
    for option in schema.get("anyOf", ()):
        yield from ends(resolve(option))
    if "maxLength" in schema and schema.get("format") != "email":
        yield "x" * schema["maxLength"], "x" * (schema["maxLength"] + 1)
    if schema.get("minLength"):
        yield "x" * schema["minLength"], "x" * (schema["minLength"] - 1)
    if "maximum" in schema:
        yield schema["maximum"], schema["maximum"] + 1
    if "minimum" in schema:
        yield schema["minimum"], schema["minimum"] - 1
    if "exclusiveMinimum" in schema:
        yield schema["exclusiveMinimum"] + 1, schema["exclusiveMinimum"]
    if "enum" in schema:
        yield from ((word, "bogus") for word in schema["enum"])
    if "maxItems" in schema:
        yield list(range(1, schema["maxItems"] + 1)), list(range(1, schema["maxItems"] + 2))


def is_malformed(answer: Answer, field: str) -> bool:
    """Whether the answer refuses this field's form."""
    if answer.status != 400 or not isinstance(code := code_of(answer.json), str):
        return False
    return (code in MALFORMED or code == f"invalid_{field}") and field in answer.text


@pytest.mark.parametrize("route", WITH_BODY, ids=name_of)
def test_each_documented_limit_of_a_field_is_the_codes(scenario: Scenario, route: Route) -> None:
    valid = VALID_REQUESTS[route].body(scenario)
    key = scenario.credential(route)
    for field, schema in body_fields(route).items():
        for within, beyond in ends(schema):
            answer = scenario.request(route, key=key, body={**valid, field: within})
            assert not is_malformed(answer, field) or "grant" in answer.text, (field, within, answer.text)
            scenario.reset()
            answer = scenario.request(route, key=key, body={**valid, field: beyond})
            assert is_malformed(answer, field), (field, beyond, answer.text)


@pytest.mark.parametrize("route", VALID_REQUESTS, ids=name_of)
def test_the_documented_query_parameters_are_those_that_the_code_reads(
    scenario: Scenario, route: Route, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: set[str] = set()
    get = QueryParams.get

    def spy(self: QueryParams, key: Any, default: Any = None) -> Any:
        read.add(key)
        return get(self, key, default)

    monkeypatch.setattr(QueryParams, "get", spy)
    assert scenario.request(route, key=scenario.credential(route)).status == VALID_REQUESTS[route].status
    parameters = [resolve(one) for one in operation(route).get("parameters", ())]
    assert {one["name"] for one in parameters if one["in"] == "query"} == read
