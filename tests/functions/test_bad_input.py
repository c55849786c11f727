"""A bad body is refused in the path's dialect, naming the field; nothing is written, nothing internal disclosed."""

import json
from typing import Any

import pytest

from tallybook.domain.quotas import FIELDS
from tests.functions.bad_values import NO_OBJECTS, NOT_JSON, UNREADABLE, UNREADABLE_VALUES, WRONG_VALUES
from tests.functions.refusal import check_refusal
from tests.functions.route_catalog import (
    CHANGING_ROUTES,
    PLATFORM_ROUTES,
    PUBLIC_ROUTES,
    USER_ROUTES,
    VALID_REQUESTS,
    WITH_BODY,
    name_of,
)
from tests.functions.scenario import Scenario
from tests.support.call import Answer, call
from tests.support.routes import Route
from tests.support.work import count_calls

MEBIBYTE = 1024 * 1024
EVENTS = Route("POST", "/v1/platform/events")
SESSION = ["account_id", "user_id", "cpu_cores", "memory_gb", "storage_gb", "timeout_seconds"]
REQUIRED = {
    Route("POST", "/auth/register"): ["email", "password"],
    Route("POST", "/auth/login"): ["email", "password"],
    Route("POST", "/auth/password"): ["current_password", "password"],
    Route("POST", "/auth/password/reset"): ["email"],
    Route("POST", "/auth/password/link"): ["token"],
    Route("POST", "/auth/password/confirm"): ["token", "password"],
    Route("POST", "/v1/user-management/api-keys"): ["name"],
    Route("POST", "/v1/user-management/users"): ["email"],
    Route("PUT", "/v1/user-management/users/{user_id}"): [],
    Route("PUT", "/v1/user-management/account"): [],
    Route("POST", "/v1/user-management/account/subscription"): ["plan_name"],
    Route("POST", "/v1/user-management/account/subscription/preview"): ["plan_name"],
    Route("POST", "/v1/user-management/account/email-change-request"): ["current_email", "new_email"],
    Route("POST", "/v1/user-management/account/confirm-email-change"): ["token"],
    Route("POST", "/v1/user-management/quota-allocations"): ["user_id"],
    Route("PUT", "/v1/user-management/quota-allocations/{allocation_id}"): [],
    Route("POST", "/v1/usage/quota-requests"): ["reason"],
    Route("PUT", "/v1/usage/quota-requests/{request_id}"): [],
    Route("POST", "/v1/user-management/quota-requests/{request_id}/review"): ["action"],
    Route("POST", "/v1/budgets"): ["budget_amount"],
    Route("PUT", "/v1/budgets"): [],
    Route("POST", "/v1/platform/admission"): SESSION,
    Route("POST", "/v1/platform/sessions"): SESSION,
    Route("POST", "/v1/platform/credits"): ["account_id", "amount", "kind", "reference"],
    Route("PUT", "/v1/platform/accounts/{account_id}"): [],
    Route("POST", "/v1/platform/accounts/{account_id}/suspend"): ["reason"],
    Route("POST", "/v1/platform/accounts/{account_id}/resume"): ["reason"],
}
BODY_ROUTES = list(REQUIRED)
WITHOUT_BODY = [route for route in CHANGING_ROUTES if route not in (*WITH_BODY, *PLATFORM_ROUTES)]


def send(scenario: Scenario, route: Route, **how: Any) -> Answer:
    return scenario.request(route, key=scenario.credential(route), **how)


@pytest.mark.parametrize("route", [*BODY_ROUTES, EVENTS], ids=name_of)
def test_a_body_that_is_not_json_is_refused_and_changes_nothing(scenario: Scenario, route: Route) -> None:
    call("GET", "/auth/me", key=scenario.member.api_key)
    before = scenario.stored()
    for name, raw in (NOT_JSON if route == EVENTS else UNREADABLE).items():
        message = check_refusal(send(scenario, route, raw=raw), route.path)
        assert message == "The body is not valid JSON", name
    assert scenario.stored() == before


def test_a_value_that_cannot_be_among_events_rejects_one_event(scenario: Scenario) -> None:
    for name, raw in UNREADABLE_VALUES.items():
        answer = send(scenario, EVENTS, raw=b"[" + raw + b"]")
        assert (answer.status, answer.json["data"]["rejected"]) == (400, 1), name


@pytest.mark.parametrize("route", BODY_ROUTES, ids=name_of)
def test_json_that_is_no_object_is_refused(scenario: Scenario, route: Route) -> None:
    before = scenario.stored()
    for name, raw in NO_OBJECTS.items():
        assert check_refusal(send(scenario, route, raw=raw), route.path) == "The body must be a JSON object", name
    assert scenario.stored() == before


@pytest.mark.parametrize("route", BODY_ROUTES, ids=name_of)
def test_a_missing_field_is_named(scenario: Scenario, route: Route) -> None:
    valid = VALID_REQUESTS[route].body(scenario)
    before = scenario.stored()
    for field in REQUIRED[route]:
        body = {name: value for name, value in valid.items() if name != field}
        assert field in check_refusal(send(scenario, route, body=body), route.path)
    if REQUIRED[route]:
        message = check_refusal(send(scenario, route, body={}), route.path)
        assert all(field in message for field in REQUIRED[route])
    assert scenario.stored() == before


@pytest.mark.parametrize("route", BODY_ROUTES, ids=name_of)
def test_a_wrong_field_is_named_and_nothing_changes(scenario: Scenario, route: Route) -> None:
    valid = VALID_REQUESTS[route].body(scenario)
    before = scenario.stored()
    for field in valid:
        for value in WRONG_VALUES:
            answer = send(scenario, route, body={**valid, field: value})
            if answer.status < 300:
                assert _may_be(route, field, value), (field, value)
                scenario.reset()
            elif answer.status in (401, 404, 409):  # well-formed, but unknown or taken
                check_refusal(answer, route.path, answer.status)
            elif answer.status == 403:  # well-formed, but more than the plan allows
                assert field in check_refusal(answer, route.path, 403), (field, value)
            else:
                assert _names(field, check_refusal(answer, route.path)), (field, value)
        assert scenario.stored() == before, field


def _names(field: str, message: str) -> bool:
    """Whether the message names the field; it calls a token a link, which is what its reader has."""
    return any(name in message for name in (field, field.replace("_", " "), {"token": "link"}.get(field, field)))


def _may_be(route: Route, field: str, value: Any) -> bool:
    """Whether it is one of the few wrong values that this field accepts."""
    text = len(value) if isinstance(value, str) else 0
    last = route.path.rpartition("/")[2]
    return {
        ("register", "password"): 8 <= text <= 1024,
        ("register", "name"): value in (None, "") or _is_name(value),
        ("password", "password"): 8 <= text <= 1024,
        ("confirm", "password"): 8 <= text <= 1024,
        ("confirm", "name"): value in (None, "") or _is_name(value),
        ("confirm", "end_api_keys"): value in (None, True),
        ("api-keys", "name"): _is_name(value),
        ("api-keys", "expires_at"): value is None,
        ("users", "display_name"): value in (None, "") or _is_name(value),
        ("users", "is_root_user"): value is True,
        ("{user_id}", "display_name"): value in (None, "") or _is_name(value),
        ("{user_id}", "is_root_user"): value is True,
        ("{user_id}", "suspension_reason"): value in (None, "") or _is_name(value),
        ("account", "display_name"): value in (None, "") or _is_name(value),
        ("account", "description"): value in (None, "") or _is_text(value),
        ("account", "time_zone"): value is None,
        ("quota-allocations", field): field in FIELDS and value in (None, 0, 5),
        ("{allocation_id}", field): value in (None, 0, 5),
        ("quota-requests", field): value in (None, 0, 5) if field in FIELDS else _is_text(value),
        ("{request_id}", field): value in (None, 0, 5) if field in FIELDS else _is_text(value),
        ("review", "review_notes"): value in (None, "") or _is_text(value),
        ("budgets", "budget_amount"): value in (5, 1.5),
        ("budgets", "alert_thresholds"): value in (None, [], [1]),
        ("budgets", "notification_emails"): value in (None, []),
        ("budgets", "is_active"): value is True,
        ("admission", field): value == 5 or (value == 1.5 and field != "timeout_seconds"),
        ("admission", "session_id"): value in (None, "text", "1e5", "acc-"),
        ("sessions", "session_id"): value in (None, "text", "1e5", "acc-"),
        ("sessions", "cpu_cores"): value == 1.5,
        ("sessions", "memory_gb"): value == 1.5,
        ("sessions", "storage_gb"): value in (5, 1.5),
        ("sessions", "timeout_seconds"): value == 5,
        ("credits", "amount"): value == 5,
        ("credits", "reference"): _is_name(value),
        ("credits", "note"): value in (None, "") or _is_text(value),
        ("{account_id}", "tax_rate"): value in (None, 0, 5, 1.5),
        ("{account_id}", "discount"): value in (None, 0, 5, 1.5),
        ("suspend", "reason"): _is_name(value),
        ("resume", "reason"): _is_name(value),
    }.get((last, field), False)


def _is_name(value: Any) -> bool:
    return value in ("text", "1e5", "🔑", "2026-04-31T00:00:00Z", "acc-", "usr-'; DROP TABLE users; --")


def _is_text(value: Any) -> bool:
    """Text that may have line breaks."""
    return _is_name(value) or value == "a\nb"


@pytest.mark.parametrize("route", [*BODY_ROUTES, EVENTS], ids=name_of)
def test_a_body_of_the_most_bytes_is_read_and_one_byte_more_is_413(scenario: Scenario, route: Route) -> None:
    most = MEBIBYTE if route == EVENTS else 65_536
    valid = json.dumps(VALID_REQUESTS[route].body(scenario)).encode()
    before = scenario.stored()
    for size in (most + 1, 3 * MEBIBYTE):
        message = check_refusal(send(scenario, route, raw=valid + b" " * (size - len(valid))), route.path, 413)
        assert str(most) in message
    check_refusal(send(scenario, route, raw=b"\xff" * (most + 1)), route.path, 413)
    assert scenario.stored() == before
    assert send(scenario, route, raw=valid + b" " * (most - len(valid))).status == VALID_REQUESTS[route].status


@pytest.mark.parametrize("route", [*BODY_ROUTES, EVENTS], ids=name_of)
def test_a_body_full_of_values_is_refused_at_a_bounded_cost(scenario: Scenario, route: Route) -> None:
    crowd = f"[{','.join(['1'] * 524_000)}]"
    for field in (*VALID_REQUESTS[route].body(scenario), "unknown"):
        raw = crowd.encode() if route == EVENTS else f'{{"{field}": {crowd}}}'.encode()
        assert count_calls(lambda raw=raw: send(scenario, route, raw=raw)) < 20_000, field


@pytest.mark.parametrize("route", [Route("POST", "/v1/user-management/api-keys"), EVENTS], ids=name_of)
def test_the_content_type_is_ignored(scenario: Scenario, route: Route) -> None:
    for called in ("application/json; charset=utf-8", "application/json;charset=UTF-8", "text/plain", "", "nonsense"):
        assert send(scenario, route, headers={"content-type": called}).status == VALID_REQUESTS[route].status, called


@pytest.mark.parametrize("route", [*BODY_ROUTES, EVENTS], ids=name_of)
def test_json_may_have_a_byte_order_mark_and_escaped_letters(scenario: Scenario, route: Route) -> None:
    valid = json.dumps(VALID_REQUESTS[route].body(scenario))
    escaped = "".join(f"\\u{ord(char):04x}" if char.isalpha() and char in "xyz" else char for char in valid)
    assert send(scenario, route, raw=b"\xef\xbb\xbf" + escaped.encode()).status == VALID_REQUESTS[route].status


@pytest.mark.parametrize("route", WITHOUT_BODY, ids=name_of)
def test_routes_without_a_body_ignore_what_is_sent(scenario: Scenario, route: Route) -> None:
    for raw in (b"\xff", b"[" * 100_000):
        assert send(scenario.reset(), route, raw=raw).status == VALID_REQUESTS[route].status


@pytest.mark.parametrize("route", [*BODY_ROUTES, EVENTS], ids=name_of)
def test_a_bad_body_without_a_credential_is_401(scenario: Scenario, route: Route) -> None:
    if route in USER_ROUTES:
        assert call(route.method, scenario.url(route), raw=b"{").status == 401
        assert call(route.method, scenario.url(route), raw=b" " * (MEBIBYTE + 1)).status == 401
    elif route not in PUBLIC_ROUTES:
        assert call(route.method, scenario.url(route), raw=b"{").status == 401
        assert call(route.method, scenario.url(route), raw=b"{", key=scenario.member.api_key).status == 401
