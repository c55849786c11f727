"""Every route with who may call it, a valid request, and the status of its answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.support.app import PASSWORD
from tests.support.routes import Route

if TYPE_CHECKING:
    from tests.functions.scenario import Scenario

PUBLIC, USER, ROOT = "public", "user", "root"
NEW_PASSWORD = "another horse battery"


def _no_body(_: Scenario) -> Any:
    return None


@dataclass(frozen=True, slots=True)
class Request:
    """`caller` is `public`, `user`, `root` or a platform key's scope; `starts`: a suspended account is refused it."""

    caller: str
    status: int
    body: Callable[[Scenario], Any] = _no_body
    starts: bool = False
    is_page: bool = False


_SIZE = {"cpu_cores": 1, "memory_gb": 2, "storage_gb": 5, "timeout_seconds": 3600}
_AUTH, _KEYS, _USERS = "/auth", "/v1/user-management/api-keys", "/v1/user-management/users"
_ACCOUNT, _BILLING, _PLATFORM = "/v1/user-management/account", "/v1/billing", "/v1/platform"
_SUBSCRIPTION = f"{_ACCOUNT}/subscription"
_ALLOCATIONS, _REQUESTS = "/v1/user-management/quota-allocations", "/v1/user-management/quota-requests"
_OWN_REQUESTS = "/v1/usage/quota-requests"
_BUDGETS = "/v1/budgets"
FILE_REQUEST, MAKE_BUDGET = Route("POST", _OWN_REQUESTS), Route("POST", _BUDGETS)
_BUDGET = {
    "budget_amount": 100,
    "alert_thresholds": [{"percent": 50, "enabled": True}, {"percent": 99.5, "enabled": False}],
    "limit_type": "hard",
    "notification_emails": ["finance@example.com"],
}
_QUOTA = {
    "cpu_seconds_monthly": 500_000,
    "ram_gb_seconds": 1_200_000,
    "sandbox_storage_gb_seconds": 2_400_000,
    "traffic_gb_seconds": 50_000,
    "template_storage_gb": 50,
    "concurrent_sandboxes": 3,
}


def session(scenario: Scenario, session_id: str) -> dict[str, Any]:
    return {
        "account_id": scenario.member.subject,
        "user_id": scenario.member.user_id,
        "session_id": session_id,
        **_SIZE,
    }


# In this order each request succeeds after those above it.
VALID_REQUESTS = {
    Route("POST", f"{_AUTH}/register"): Request(
        PUBLIC, 201, lambda _: {"email": "new@example.com", "password": PASSWORD, "name": "New"}
    ),
    Route("POST", f"{_AUTH}/login"): Request(
        PUBLIC, 200, lambda scenario: {"email": scenario.member.user.email, "password": PASSWORD}
    ),
    Route("GET", f"{_AUTH}/me"): Request(USER, 200),
    Route("POST", f"{_AUTH}/logout"): Request(USER, 200),
    Route("POST", f"{_AUTH}/password"): Request(
        USER, 200, lambda _: {"current_password": PASSWORD, "password": NEW_PASSWORD}
    ),
    Route("POST", f"{_AUTH}/password/reset"): Request(
        PUBLIC, 202, lambda scenario: {"email": scenario.member.user.email}
    ),
    Route("POST", f"{_AUTH}/password/link"): Request(PUBLIC, 200, lambda scenario: {"token": scenario.token}),
    Route("POST", f"{_AUTH}/password/confirm"): Request(
        PUBLIC,
        200,
        lambda scenario: {
            "token": scenario.token,
            "password": NEW_PASSWORD,
            "name": "Grace",
            "end_api_keys": False,  # the next requests need the key
        },
    ),
    Route("GET", f"{_AUTH}/password/forgotten"): Request(PUBLIC, 200, is_page=True),
    Route("GET", f"{_AUTH}/password/new"): Request(PUBLIC, 200, is_page=True),
    Route("GET", f"{_AUTH}/email/confirm"): Request(PUBLIC, 200, is_page=True),
    Route("GET", f"{_AUTH}/errors"): Request(PUBLIC, 200, is_page=True),
    Route("POST", _KEYS): Request(
        USER, 201, lambda _: {"name": "ci", "expires_at": "2027-01-01T00:00:00Z"}, starts=True
    ),
    Route("GET", _KEYS): Request(USER, 200),
    Route("DELETE", f"{_KEYS}/{{key_id}}"): Request(USER, 200),
    Route("GET", f"{_USERS}/me"): Request(USER, 200),
    Route("POST", _USERS): Request(
        ROOT,
        201,
        lambda _: {"email": "joan@example.com", "display_name": "Joan", "role": "user", "is_root_user": False},
        starts=True,
    ),
    Route("GET", _USERS): Request(ROOT, 200),
    Route("GET", f"{_USERS}/{{user_id}}"): Request(ROOT, 200),
    Route("POST", f"{_USERS}/{{user_id}}/invitation"): Request(ROOT, 200, starts=True),
    Route("PUT", f"{_USERS}/{{user_id}}"): Request(
        ROOT,
        200,
        lambda _: {
            "display_name": "Grace",
            "role": "admin",
            "is_root_user": False,
            "status": "suspended",
            "suspension_reason": "on leave",
        },
    ),
    Route("DELETE", f"{_USERS}/{{user_id}}"): Request(ROOT, 200),
    Route("GET", "/v1/user-management/audit-log"): Request(ROOT, 200),
    Route("GET", "/v1/user-management/plans"): Request(PUBLIC, 200),
    Route("OPTIONS", f"{_PLATFORM}/events"): Request(PUBLIC, 204),
    Route("PUT", "/v1/user-management/account"): Request(
        ROOT,
        200,
        lambda _: {"display_name": "Platform Team", "description": "Shared account", "time_zone": "Europe/Berlin"},
    ),
    Route("GET", "/v1/user-management/account/subscription"): Request(USER, 200),
    Route("POST", f"{_SUBSCRIPTION}/preview"): Request(ROOT, 200, lambda _: {"plan_name": "trial"}, starts=True),
    Route("POST", _SUBSCRIPTION): Request(ROOT, 200, lambda _: {"plan_name": "trial"}, starts=True),
    Route("GET", f"{_SUBSCRIPTION}/history"): Request(ROOT, 200),
    Route("POST", f"{_ACCOUNT}/email-change-request"): Request(
        ROOT,
        201,
        lambda scenario: {"current_email": scenario.member.account.email, "new_email": "moved@example.com"},
    ),
    Route("GET", f"{_ACCOUNT}/email-change-status"): Request(USER, 200),
    Route("POST", f"{_ACCOUNT}/clear-email-change-requests"): Request(ROOT, 200),
    Route("POST", f"{_ACCOUNT}/confirm-email-change"): Request(
        PUBLIC, 200, lambda scenario: {"token": scenario.email_token}
    ),
    Route("GET", _ALLOCATIONS): Request(ROOT, 200),
    Route("POST", _ALLOCATIONS): Request(ROOT, 201, lambda scenario: {"user_id": scenario.member.user_id, **_QUOTA}),
    Route("GET", f"{_ALLOCATIONS}/{{allocation_id}}/usage"): Request(ROOT, 200),
    Route("PUT", f"{_ALLOCATIONS}/{{allocation_id}}"): Request(
        ROOT, 200, lambda _: {**_QUOTA, "concurrent_sandboxes": 1}
    ),
    Route("POST", f"{_ALLOCATIONS}/{{allocation_id}}/revoke"): Request(ROOT, 200),
    Route("DELETE", f"{_ALLOCATIONS}/{{allocation_id}}"): Request(ROOT, 200),
    Route("GET", "/v1/usage/quota"): Request(USER, 200),
    Route("GET", _OWN_REQUESTS): Request(USER, 200),
    Route("PUT", f"{_OWN_REQUESTS}/{{request_id}}"): Request(USER, 200, lambda _: {**_QUOTA, "reason": "More tests"}),
    Route("DELETE", f"{_OWN_REQUESTS}/{{request_id}}"): Request(USER, 200),
    FILE_REQUEST: Request(USER, 201, lambda _: {**_QUOTA, "reason": "CI needs more"}),
    Route("GET", _REQUESTS): Request(ROOT, 200),
    Route("POST", f"{_REQUESTS}/{{request_id}}/review"): Request(
        ROOT, 200, lambda _: {"action": "approve", "review_notes": "Approved for CI expansion"}
    ),
    Route("GET", _BUDGETS): Request(ROOT, 200),
    Route("GET", f"{_BUDGETS}/status"): Request(ROOT, 200),
    Route("GET", f"{_BUDGETS}/messages"): Request(ROOT, 200),
    Route("PUT", _BUDGETS): Request(ROOT, 200, lambda _: {**_BUDGET, "is_active": False}),
    Route("DELETE", _BUDGETS): Request(ROOT, 200),
    MAKE_BUDGET: Request(ROOT, 201, lambda _: _BUDGET),
    Route("GET", f"{_BILLING}/current"): Request(USER, 200),
    Route("GET", f"{_BILLING}/invoices"): Request(USER, 200),
    Route("GET", f"{_BILLING}/invoices/{{invoice_id}}"): Request(USER, 200),
    Route("GET", f"{_BILLING}/periods"): Request(USER, 200),
    Route("GET", f"{_BILLING}/history"): Request(USER, 200),
    Route("POST", f"{_BILLING}/invoice/generate"): Request(USER, 200),
    Route("POST", f"{_PLATFORM}/events"): Request(
        "usage:write", 200, lambda scenario: scenario.app.event(scenario.member, sku=None)
    ),
    Route("POST", f"{_PLATFORM}/admission"): Request(
        "sessions:write", 200, lambda scenario: session(scenario, "run-1")
    ),
    Route("POST", f"{_PLATFORM}/sessions"): Request(
        "sessions:write", 201, lambda scenario: session(scenario, "run-1"), starts=True
    ),
    Route("POST", f"{_PLATFORM}/sessions/{{session_id}}/end"): Request("sessions:write", 200),
    Route("POST", f"{_PLATFORM}/credits"): Request(
        "accounts:admin",
        201,
        lambda scenario: {
            "account_id": scenario.member.subject,
            "amount": 5_000_000,
            "kind": "grant",
            "reference": "ticket 7",
            "note": "an apology",
        },
    ),
    Route("PUT", f"{_PLATFORM}/accounts/{{account_id}}"): Request(
        "accounts:admin", 200, lambda _: {"tax_rate": "7.7", "discount": 25}
    ),
    Route("POST", f"{_PLATFORM}/accounts/{{account_id}}/suspend"): Request(
        "accounts:admin", 200, lambda _: {"reason": "unpaid"}
    ),
    Route("POST", f"{_PLATFORM}/accounts/{{account_id}}/resume"): Request(
        "accounts:admin", 200, lambda _: {"reason": "paid"}
    ),
}

PUBLIC_ROUTES = [route for route, request in VALID_REQUESTS.items() if request.caller == PUBLIC]
ROOT_ROUTES = [route for route, request in VALID_REQUESTS.items() if request.caller == ROOT]
USER_ROUTES = [route for route, request in VALID_REQUESTS.items() if request.caller in (USER, ROOT)]
PLATFORM_ROUTES = [route for route, request in VALID_REQUESTS.items() if request.caller not in (PUBLIC, USER, ROOT)]
CHANGING_ROUTES = [route for route in VALID_REQUESTS if route.method != "GET"]
GET_ROUTES = [route for route in VALID_REQUESTS if route.method == "GET"]
WITH_BODY = [route for route, request in VALID_REQUESTS.items() if request.body is not _no_body]
JSON_ROUTES = [route for route, request in VALID_REQUESTS.items() if not request.is_page and route.method != "OPTIONS"]


def name_of(route: Route) -> str:
    return f"{route.method} {route.path}"
