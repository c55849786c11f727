"""Every route there is: who may call it, a request that is fine, and what it answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.support.app import PASSWORD
from tests.support.routes import Route

if TYPE_CHECKING:
    from tests.functions.stage import Stage

PUBLIC, USER, ROOT = "public", "user", "root"
NEW_PASSWORD = "another horse battery"


@dataclass(frozen=True, slots=True)
class Good:
    """`who` is anybody, a user, a root user, or a platform key's scope; `starts` is refused to a suspended account."""

    caller: str
    status: int
    body: Callable[[Stage], Any] = lambda _: None
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


def session(stage: Stage, session_id: str) -> dict[str, Any]:
    return {"account_id": stage.member.subject, "user_id": stage.member.user_id, "session_id": session_id, **_SIZE}


# In this order each of them succeeds after those above it.
GOOD = {
    Route("POST", f"{_AUTH}/register"): Good(
        PUBLIC, 201, lambda _: {"email": "new@example.com", "password": PASSWORD, "name": "New"}
    ),
    Route("POST", f"{_AUTH}/login"): Good(
        PUBLIC, 200, lambda stage: {"email": stage.member.user.email, "password": PASSWORD}
    ),
    Route("GET", f"{_AUTH}/me"): Good(USER, 200),
    Route("POST", f"{_AUTH}/logout"): Good(USER, 200),
    Route("POST", f"{_AUTH}/password"): Good(
        USER, 200, lambda _: {"current_password": PASSWORD, "password": NEW_PASSWORD}
    ),
    Route("POST", f"{_AUTH}/password/reset"): Good(PUBLIC, 202, lambda stage: {"email": stage.member.user.email}),
    Route("POST", f"{_AUTH}/password/confirm"): Good(
        PUBLIC, 200, lambda stage: {"token": stage.token, "password": NEW_PASSWORD, "name": "Grace"}
    ),
    Route("GET", f"{_AUTH}/password/forgotten"): Good(PUBLIC, 200, is_page=True),
    Route("GET", f"{_AUTH}/password/new"): Good(PUBLIC, 200, is_page=True),
    Route("GET", f"{_AUTH}/email/confirm"): Good(PUBLIC, 200, is_page=True),
    Route("POST", _KEYS): Good(USER, 201, lambda _: {"name": "ci", "expires_at": "2027-01-01T00:00:00Z"}, starts=True),
    Route("GET", _KEYS): Good(USER, 200),
    Route("DELETE", f"{_KEYS}/{{key_id}}"): Good(USER, 200),
    Route("GET", f"{_USERS}/me"): Good(USER, 200),
    Route("POST", _USERS): Good(
        ROOT,
        201,
        lambda _: {"email": "joan@example.com", "display_name": "Joan", "role": "user", "is_root_user": False},
        starts=True,
    ),
    Route("GET", _USERS): Good(ROOT, 200),
    Route("GET", f"{_USERS}/{{user_id}}"): Good(ROOT, 200),
    Route("POST", f"{_USERS}/{{user_id}}/invitation"): Good(ROOT, 200, starts=True),
    Route("PUT", f"{_USERS}/{{user_id}}"): Good(
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
    Route("DELETE", f"{_USERS}/{{user_id}}"): Good(ROOT, 200),
    Route("GET", "/v1/user-management/audit-log"): Good(ROOT, 200),
    Route("GET", "/v1/user-management/plans"): Good(PUBLIC, 200),
    Route("PUT", "/v1/user-management/account"): Good(
        ROOT,
        200,
        lambda _: {"display_name": "Platform Team", "description": "Shared account", "time_zone": "Europe/Berlin"},
    ),
    Route("GET", "/v1/user-management/account/subscription"): Good(USER, 200),
    Route("POST", f"{_SUBSCRIPTION}/preview"): Good(ROOT, 200, lambda _: {"plan_name": "trial"}, starts=True),
    Route("POST", _SUBSCRIPTION): Good(ROOT, 200, lambda _: {"plan_name": "trial"}, starts=True),
    Route("GET", f"{_SUBSCRIPTION}/history"): Good(ROOT, 200),
    Route("POST", f"{_ACCOUNT}/email-change-request"): Good(
        ROOT,
        201,
        lambda stage: {"current_email": stage.member.account.email, "new_email": "moved@example.com"},
    ),
    Route("GET", f"{_ACCOUNT}/email-change-status"): Good(USER, 200),
    Route("POST", f"{_ACCOUNT}/clear-email-change-requests"): Good(ROOT, 200),
    Route("POST", f"{_ACCOUNT}/confirm-email-change"): Good(PUBLIC, 200, lambda stage: {"token": stage.email_token}),
    Route("GET", _ALLOCATIONS): Good(ROOT, 200),
    Route("POST", _ALLOCATIONS): Good(ROOT, 201, lambda stage: {"user_id": stage.member.user_id, **_QUOTA}),
    Route("GET", f"{_ALLOCATIONS}/{{allocation_id}}/usage"): Good(ROOT, 200),
    Route("PUT", f"{_ALLOCATIONS}/{{allocation_id}}"): Good(ROOT, 200, lambda _: {**_QUOTA, "concurrent_sandboxes": 1}),
    Route("POST", f"{_ALLOCATIONS}/{{allocation_id}}/revoke"): Good(ROOT, 200),
    Route("DELETE", f"{_ALLOCATIONS}/{{allocation_id}}"): Good(ROOT, 200),
    Route("GET", "/v1/usage/quota"): Good(USER, 200),
    Route("GET", _OWN_REQUESTS): Good(USER, 200),
    Route("PUT", f"{_OWN_REQUESTS}/{{request_id}}"): Good(USER, 200, lambda _: {**_QUOTA, "reason": "More tests"}),
    Route("DELETE", f"{_OWN_REQUESTS}/{{request_id}}"): Good(USER, 200),
    FILE_REQUEST: Good(USER, 201, lambda _: {**_QUOTA, "reason": "CI needs more"}),
    Route("GET", _REQUESTS): Good(ROOT, 200),
    Route("POST", f"{_REQUESTS}/{{request_id}}/review"): Good(
        ROOT, 200, lambda _: {"action": "approve", "review_notes": "Approved for CI expansion"}
    ),
    Route("GET", _BUDGETS): Good(ROOT, 200),
    Route("GET", f"{_BUDGETS}/status"): Good(ROOT, 200),
    Route("GET", f"{_BUDGETS}/messages"): Good(ROOT, 200),
    Route("PUT", _BUDGETS): Good(ROOT, 200, lambda _: {**_BUDGET, "is_active": False}),
    Route("DELETE", _BUDGETS): Good(ROOT, 200),
    MAKE_BUDGET: Good(ROOT, 201, lambda _: _BUDGET),
    Route("GET", f"{_BILLING}/current"): Good(USER, 200),
    Route("GET", f"{_BILLING}/invoices"): Good(USER, 200),
    Route("GET", f"{_BILLING}/invoices/{{invoice_id}}"): Good(USER, 200),
    Route("GET", f"{_BILLING}/periods"): Good(USER, 200),
    Route("GET", f"{_BILLING}/history"): Good(USER, 200),
    Route("POST", f"{_BILLING}/invoice/generate"): Good(USER, 200),
    Route("POST", f"{_PLATFORM}/events"): Good(
        "usage:write", 200, lambda stage: stage.app.event(stage.member, sku=None)
    ),
    Route("POST", f"{_PLATFORM}/admission"): Good("sessions:write", 200, lambda stage: session(stage, "run-1")),
    Route("POST", f"{_PLATFORM}/sessions"): Good(
        "sessions:write", 201, lambda stage: session(stage, "run-1"), starts=True
    ),
    Route("POST", f"{_PLATFORM}/sessions/{{session_id}}/end"): Good("sessions:write", 200),
    Route("POST", f"{_PLATFORM}/credits"): Good(
        "accounts:admin",
        201,
        lambda stage: {
            "account_id": stage.member.subject,
            "amount": 5_000_000,
            "kind": "grant",
            "reference": "ticket 7",
            "note": "an apology",
        },
    ),
    Route("PUT", f"{_PLATFORM}/accounts/{{account_id}}"): Good(
        "accounts:admin", 200, lambda _: {"tax_rate": "7.7", "discount": 25}
    ),
    Route("POST", f"{_PLATFORM}/accounts/{{account_id}}/suspend"): Good(
        "accounts:admin", 200, lambda _: {"reason": "unpaid"}
    ),
    Route("POST", f"{_PLATFORM}/accounts/{{account_id}}/resume"): Good(
        "accounts:admin", 200, lambda _: {"reason": "paid"}
    ),
}

PUBLIC_ROUTES = [route for route, good in GOOD.items() if good.caller == PUBLIC]
ROOT_ROUTES = [route for route, good in GOOD.items() if good.caller == ROOT]
USER_ROUTES = [route for route, good in GOOD.items() if good.caller in (USER, ROOT)]
PLATFORM_ROUTES = [route for route, good in GOOD.items() if good.caller not in (PUBLIC, USER, ROOT)]
CHANGING_ROUTES = [route for route in GOOD if route.method != "GET"]
JSON_ROUTES = [route for route, good in GOOD.items() if not good.is_page]


def name_of(route: Route) -> str:
    return f"{route.method} {route.path}"
