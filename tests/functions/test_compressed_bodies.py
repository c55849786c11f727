"""A body may be compressed with gzip or deflate: within its limit after inflating, on every route that has a body."""

import gzip
import json
import zlib

import pytest

from tests.functions.refusal import check_refusal
from tests.functions.route_catalog import CHANGING_ROUTES, PUBLIC_ROUTES, VALID_REQUESTS, WITH_BODY, name_of
from tests.functions.scenario import Scenario
from tests.support.call import Answer
from tests.support.routes import Route

EVENTS = Route("POST", "/v1/platform/events")
FORMS = {"gzip": gzip.compress, "GZIP": gzip.compress, "x-gzip": gzip.compress, "deflate": zlib.compress}

each_route = pytest.mark.parametrize("route", WITH_BODY, ids=name_of)


def send(scenario: Scenario, route: Route, encoding: str, raw: bytes, *, key: str | None = None) -> Answer:
    credential = scenario.credential(route) if key is None else key
    return scenario.request(route, key=credential, raw=raw, headers={"content-encoding": encoding})


def valid(scenario: Scenario, route: Route) -> bytes:
    return json.dumps(VALID_REQUESTS[route].body(scenario)).encode()


@each_route
@pytest.mark.parametrize("encoding", [*FORMS, "identity"])
def test_a_compressed_body_is_read(scenario: Scenario, route: Route, encoding: str) -> None:
    raw = FORMS.get(encoding, bytes)(valid(scenario, route))
    answer = send(scenario, route, encoding, raw)
    assert answer.status == VALID_REQUESTS[route].status, answer.text


@each_route
def test_a_body_that_is_too_large_after_inflating_is_413(scenario: Scenario, route: Route) -> None:
    most = 1024 * 1024 if route == EVENTS else 65_536
    raw, before = valid(scenario, route), scenario.stored()
    for name, compress in (("gzip", gzip.compress), ("deflate", zlib.compress)):
        for size in (most + 1, 100 * most):
            message = check_refusal(send(scenario, route, name, compress(raw.ljust(size))), route.path, 413)
            assert message == f"The request body must be at most {most} bytes"
    assert scenario.stored() == before
    assert send(scenario, route, "gzip", gzip.compress(raw.ljust(most))).status == VALID_REQUESTS[route].status


@each_route
def test_a_body_that_is_not_what_its_encoding_says_is_400(scenario: Scenario, route: Route) -> None:
    raw, before = valid(scenario, route), scenario.stored()
    packed = gzip.compress(raw)
    for name in ("gzip", "deflate"):
        for wrong in (raw, packed[:-1], packed[:-9] + b"\x00" * 9, packed + b"{}", packed.replace(b"\x8b", b"\xef")):
            message = check_refusal(send(scenario, route, name, wrong), route.path)
            assert message.startswith(f"The body is not valid {name}, as its Content-Encoding says")
    assert scenario.stored() == before


@each_route
@pytest.mark.parametrize("encoding", ["br", "zstd", "compress", "gzip, gzip", "identity, br", "aws-chunked", "x"])
def test_any_other_encoding_is_415_and_names_those_that_are_read(
    scenario: Scenario, route: Route, encoding: str
) -> None:
    before = scenario.stored()
    answer = send(scenario, route, encoding, valid(scenario, route))
    assert check_refusal(answer, route.path, 415) == "Content-Encoding must be gzip or deflate, or left out"
    assert answer.headers["accept-encoding"] == "gzip, deflate"
    assert scenario.stored() == before


@pytest.mark.parametrize("route", [route for route in WITH_BODY if route not in PUBLIC_ROUTES], ids=name_of)
def test_nothing_is_inflated_for_an_unknown_caller(scenario: Scenario, route: Route) -> None:
    for encoding in ("gzip", "br"):
        assert send(scenario, route, encoding, b"{", key="sk-nonsense").status == 401


@pytest.mark.parametrize("route", [route for route in CHANGING_ROUTES if route not in WITH_BODY], ids=name_of)
def test_a_route_without_a_body_ignores_the_encoding(scenario: Scenario, route: Route) -> None:
    assert send(scenario, route, "br", b"").status == VALID_REQUESTS[route].status
