"""What can be set can be unset: null in a change, and an empty text where a name may be missing."""

from dataclasses import replace
from typing import Any

import pytest

from tests.functions.route_catalog import VALID_REQUESTS, name_of
from tests.functions.scenario import Scenario
from tests.support.call import Answer, call
from tests.support.routes import Route

CHANGES = [route for route in VALID_REQUESTS if route.method == "PUT"]
ALWAYS_SET = {"role", "is_root_user", "status", "limit_type", "is_active", "budget_amount", "reason"}
"""Fields with a value at all times: words and flags, which have a value for each state, and what is required."""

ACCOUNT, USER = Route("PUT", "/v1/user-management/account"), Route("PUT", "/v1/user-management/users/{user_id}")
BUDGET, TERMS = Route("PUT", "/v1/budgets"), Route("PUT", "/v1/platform/accounts/{account_id}")
UNSET: list[tuple[Route, str, Any, Any]] = [
    (ACCOUNT, "display_name", None, None),
    (ACCOUNT, "display_name", "", None),
    (ACCOUNT, "description", None, None),
    (ACCOUNT, "time_zone", None, "UTC"),
    (USER, "display_name", None, None),
    (USER, "display_name", "", None),
    (USER, "suspension_reason", None, None),
    (USER, "suspension_reason", "", None),
    (BUDGET, "notification_emails", None, []),
    (BUDGET, "notification_emails", [], []),
    (BUDGET, "alert_thresholds", None, [{"percent": percent, "enabled": True} for percent in (50, 80, 100)]),
    (BUDGET, "alert_thresholds", [], []),
    (TERMS, "tax_rate", None, None),
    (TERMS, "discount", None, 0),
]


def put(scenario: Scenario, route: Route, body: dict[str, Any]) -> Answer:
    return scenario.request(route, key=scenario.credential(route), body=body)


def shown(answer: Answer) -> Any:
    """The changed thing, which some answers wrap in its name."""
    data = answer.json["data"]
    return next(iter(data.values())) if len(data) == 1 else data


@pytest.mark.parametrize("route", CHANGES, ids=name_of)
def test_null_unsets_each_field_that_need_not_have_a_value(scenario: Scenario, route: Route) -> None:
    body = VALID_REQUESTS[route].body(scenario)
    for field in body:
        scenario.reset()
        assert put(scenario, route, body).status == 200
        answer = put(scenario, route, {field: None})
        assert answer.status == (400 if field in ALWAYS_SET else 200), (field, answer.text)
        if field in ALWAYS_SET:
            assert field in answer.json["message"]


@pytest.mark.parametrize(("route", "field", "empty", "value"), UNSET)
def test_an_unset_field_is_as_if_it_had_never_been_set(
    scenario: Scenario, route: Route, field: str, empty: Any, value: Any
) -> None:
    set_first = put(scenario, route, VALID_REQUESTS[route].body(scenario))
    assert shown(set_first)[field] != value
    unset = put(scenario, route, {field: empty})
    assert shown(unset)[field] == value
    others = {name: one for name, one in shown(set_first).items() if name not in (field, "updated_at")}
    assert {name: one for name, one in shown(unset).items() if name in others} == others


def test_an_empty_name_at_registration_is_no_name(scenario: Scenario) -> None:
    for number, body in enumerate(({"name": ""}, {"name": None}, {})):
        body |= {"email": f"nameless{number}@example.com", "password": "correct horse"}
        session = call("POST", "/auth/register", body=body).json["session_token"]
        me = call("GET", "/v1/user-management/users/me", bearer=session).json["data"]["user"]
        assert me["display_name"] is None


def test_an_empty_name_of_an_invited_user_is_no_name(scenario: Scenario) -> None:
    route = Route("POST", "/v1/user-management/users")
    answer = put(scenario, route, {"email": "nameless@example.com", "display_name": ""})
    assert (answer.status, shown(answer)["display_name"]) == (201, None)


def test_an_empty_name_with_a_new_password_keeps_the_name(scenario: Scenario) -> None:
    invite = Route("POST", "/v1/user-management/users")
    user = shown(put(scenario, invite, {"email": "joan@example.com", "display_name": "Joan"}))
    invited = replace(scenario.invited, id=user["user_id"].removeprefix("usr-"))
    body = {"token": scenario.app.password_token(invited), "password": "correct horse", "name": ""}
    assert call("POST", "/auth/password/confirm", body=body).status == 200
    found = call("GET", f"/v1/user-management/users/{user['user_id']}", key=scenario.member.api_key)
    assert shown(found)["display_name"] == "Joan"
