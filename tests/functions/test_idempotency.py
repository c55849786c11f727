"""A POST with an idempotency key, sent again within 24 hours, changes nothing and is answered as before."""

import gzip
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from tests.functions.keyed_requests import (
    KEYED_ROUTES,
    KEYS,
    REPLAYED,
    SESSIONS,
    SUBSCRIPTION,
    USERS,
    create_key,
    routes_with_keyed_callers,
    send,
    session_without_id,
)
from tests.functions.refusal import check_refusal, code_of
from tests.functions.route_catalog import VALID_REQUESTS, name_of
from tests.functions.scenario import Scenario
from tests.support.app import App
from tests.support.call import call
from tests.support.routes import Route

each_route = pytest.mark.parametrize("route", KEYED_ROUTES, ids=name_of)


def key_names(app: App) -> list[str]:
    return sorted(item["name"] for item in app.stored("core", "APIKEY#"))


def test_these_routes_take_an_idempotency_key() -> None:
    assert routes_with_keyed_callers() == set(KEYED_ROUTES)


@each_route
def test_a_repeated_post_changes_nothing_and_is_answered_as_before(scenario: Scenario, route: Route) -> None:
    first = send(scenario, route)
    assert first.status == VALID_REQUESTS[route].status, first.text
    assert REPLAYED not in first.headers
    before = scenario.stored()
    scenario.app.clock.advance(hours=23, minutes=59)
    again = send(scenario, route)
    assert (again.status, again.text) == (first.status, first.text)
    assert again.headers == {**first.headers, REPLAYED: "true"}
    assert without_use(scenario.stored()) == without_use(before)


def without_use(items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{name: value for name, value in item.items() if name != "last_used_at"} for item in items]


@each_route
def test_another_body_with_the_same_key_is_refused(scenario: Scenario, route: Route) -> None:
    send(scenario, route)
    before = scenario.stored()
    for raw in (b"{}", b"not JSON"):
        refused = send(scenario, route, raw=raw)
        check_refusal(refused, route.path, 422)
        assert code_of(refused) == "idempotency_key_reused"
    assert scenario.stored() == before


@pytest.mark.parametrize("route", [route for route in KEYED_ROUTES if route != SESSIONS], ids=name_of)
def test_another_path_with_the_same_key_is_refused(scenario: Scenario, route: Route) -> None:
    assert send(scenario, USERS if route == KEYS else KEYS).status == 201
    assert code_of(send(scenario, route)) == "idempotency_key_reused"


@each_route
def test_another_credential_sees_nothing_of_the_answer(scenario: Scenario, route: Route) -> None:
    first = send(scenario, route)
    platform = scenario.app.platform_key()
    other = platform if route == SESSIONS else scenario.member.session
    answer = send(scenario, route, key=other)
    assert answer.status != 422
    assert REPLAYED not in answer.headers
    assert answer.text != first.text
    text = scenario.credential(route) or ""
    forged = text[:-3] + ("AAA" if not text.endswith("AAA") else "BBB")
    for caller in (forged, None):
        refused = send(scenario, route, key=caller)
        assert refused.status == 401
        assert REPLAYED not in refused.headers


def test_an_ended_credential_gets_no_kept_answer(app: App) -> None:
    member = app.member()
    made = create_key(member.session, idempotency_key=None).json["data"]
    assert create_key(made["api_key"]).status == 201
    call("DELETE", f"{KEYS.path}/{made['api_key_id']}", bearer=member.session)
    assert create_key(made["api_key"]).status == 401


def test_a_suspended_user_gets_no_kept_answer(app: App) -> None:
    member = app.member()
    assert create_key(member.api_key).status == 201
    app.change_user(member, status="suspended")
    refused = create_key(member.api_key)
    assert (refused.status, REPLAYED in refused.headers) == (403, False)


def test_after_24_hours_the_key_is_free_although_its_item_is_there(app: App) -> None:
    key = app.member().api_key
    first = create_key(key)
    app.clock.advance(hours=24)
    second = create_key(key, name="cd")
    assert (second.status, REPLAYED in second.headers) == (201, False)
    assert create_key(key, name="cd").text == second.text
    assert create_key(key).status == 422
    assert first.json["data"]["api_key"] != second.json["data"]["api_key"]
    assert key_names(app) == ["cd", "ci", "test"]
    (kept,) = app.stored("core", "ANSWER")
    assert kept["expires"] == int((app.clock.now() + timedelta(hours=24)).timestamp())


def test_without_the_header_each_post_makes_another_thing(app: App) -> None:
    key = app.member().api_key
    for _ in range(2):
        assert create_key(key, idempotency_key=None).status == 201
    assert key_names(app) == ["ci", "ci", "test"]
    assert not app.stored("core", "ANSWER")


def test_different_keys_make_different_things(app: App) -> None:
    key = app.member().api_key
    texts = {create_key(key, idempotency_key=name).text for name in ("1", "2", "retry 1".replace(" ", "-"))}
    assert (len(texts), key_names(app)) == (3, ["ci", "ci", "ci", "test"])


def test_a_refusal_is_not_kept(app: App) -> None:
    member = app.member()
    refused = create_key(member.api_key, name=" ")
    assert refused.status == 400
    assert not app.stored("core", "ANSWER")
    app.change_account(member, status="suspended")
    assert create_key(member.api_key).status == 403
    app.change_account(member, status="active")
    assert create_key(member.api_key).status == 201


def test_a_body_that_is_compressed_again_is_the_same_request(app: App) -> None:
    key, gzipped = app.member().api_key, {"idempotency-key": "retry-1", "content-encoding": "gzip"}
    first, *others = [
        call(*KEYS, key=key, raw=gzip.compress(b'{"name": "ci"}', mtime=date), headers=gzipped) for date in (1, 2)
    ]
    assert first.status == 201
    assert [other.text for other in others] == [first.text]
    assert create_key(key).headers[REPLAYED] == "true"


@each_route
@pytest.mark.parametrize(("raw", "status"), [(b" " * 65_537, 413), (b"not gzip", 400)])
def test_a_body_that_can_not_be_read_is_refused_after_the_caller(
    scenario: Scenario, route: Route, raw: bytes, status: int
) -> None:
    before, encoding = scenario.stored(), {"content-encoding": "identity" if status == 413 else "gzip"}
    check_refusal(send(scenario, route, raw=raw, headers=encoding), route.path, status)
    kind = "pk" if route == SESSIONS else "sk"
    assert send(scenario, route, raw=raw, headers=encoding, key=f"{kind}-nonsense").status == 401
    assert scenario.stored() == before


def test_a_plan_is_not_changed_again_after_it_was_changed_back(scenario: Scenario) -> None:
    first = send(scenario, SUBSCRIPTION)
    scenario.app.clock.advance(minutes=1)
    back = call(*SUBSCRIPTION, key=scenario.member.api_key, body={"plan_name": "hobby"})
    assert (first.status, back.status) == (200, 200)
    assert send(scenario, SUBSCRIPTION).text == first.text
    assert scenario.app.account_of(scenario.member).plan == "hobby"


@pytest.mark.parametrize("text", ["", "a" * 256, "two words", "tab\there", "caf\u00e9", "\x7f"])
def test_a_malformed_key_is_refused_by_name_after_the_credential(app: App, text: str) -> None:
    refused = create_key(app.member().api_key, idempotency_key=text)
    assert check_refusal(refused, KEYS.path) == "Idempotency-Key must have 1 to 255 visible ASCII characters"
    assert create_key("sk-unknown", idempotency_key=text).status == 401
    assert not app.stored("core", "ANSWER")


@pytest.mark.parametrize("text", ["!", "~" * 255, '"8e03978e-40d5-43dd-bc93-6894a57f9324"'])
def test_a_key_has_1_to_255_visible_characters(app: App, text: str) -> None:
    key = app.member().api_key
    assert create_key(key, idempotency_key=text).text == create_key(key, idempotency_key=text).text


def test_elsewhere_the_header_is_ignored(scenario: Scenario) -> None:
    headers = {"idempotency-key": "a" * 256}
    for route in VALID_REQUESTS.keys() - set(KEYED_ROUTES):
        answer = scenario.reset().request(route, key=scenario.credential(route), headers=headers)
        assert answer.status == VALID_REQUESTS[route].status, route
    assert not scenario.app.stored("core", "ANSWER")


def test_the_answer_is_read_with_the_credential_and_kept_with_the_change(
    scenario: Scenario, meter_of_call: Callable[..., tuple[int, float, float]]
) -> None:
    for route in KEYED_ROUTES:
        ready = scenario.ready_for(route)
        ready.reset()
        body = session_without_id(ready) if route == SESSIONS else VALID_REQUESTS[route].body(ready)
        how = {"key": ready.credential(route), "body": body}
        meter_of_call(ready, route, **how)  # the first call of this process reads more
        ready.reset()
        calls, reads, writes = meter_of_call(ready, route, **how)
        ready.reset()
        keyed = meter_of_call(ready, route, **how, headers={"idempotency-key": "retry-1"})
        assert keyed == (calls, reads + 1, writes + (4 if route == SUBSCRIPTION else 2)), route
        again = meter_of_call(ready, route, **how, headers={"idempotency-key": "retry-1"})
        assert (again[0], again[2]) == (1, 0), route


@pytest.fixture
def meter_of_call() -> Callable[..., tuple[int, float, float]]:
    def measure(scenario: Scenario, route: Route, **how: Any) -> tuple[int, float, float]:
        scenario.app.ctx.catalogs.current()
        scenario.app.meter.clear()
        assert scenario.request(route, **how).status == VALID_REQUESTS[route].status
        meter = scenario.app.meter
        return meter.calls, meter.read_units, meter.write_units

    return measure
