"""Quota tests: plans with an account quota, and the calls of allocations, requests, usage and sessions."""

from datetime import datetime
from typing import Any

from tallybook.domain.quotas import FIELDS
from tests.contract.examples import expect
from tests.support.app import App, Member
from tests.support.call import Answer, call

ALLOCATIONS, TEAM_REQUESTS = "/v1/user-management/quota-allocations", "/v1/user-management/quota-requests"
OWN_REQUESTS, OWN_USAGE = "/v1/usage/quota-requests", "/v1/usage/quota"
SESSIONS, ADMISSION = "/v1/platform/sessions", "/v1/platform/admission"
MAX_UNITS = 10**15
PLAN_QUOTA = {
    "cpu_seconds_monthly": 1000,
    "ram_gb_seconds": 2000,
    "sandbox_storage_gb_seconds": 3000,
    "traffic_gb_seconds": 400,
    "template_storage_gb": 50,
    "concurrent_sandboxes": 4,
}
"""The plan's quota in these tests."""
HALF_QUOTA = {name: amount // 2 for name, amount in PLAN_QUOTA.items()}
SIZE = {"cpu_cores": 1, "memory_gb": 0.5, "storage_gb": 5, "timeout_seconds": 3600}


def set_plan_quota(app: App, plan: str = "hobby", **quota: int) -> None:
    """Set quota fields of the plan; the others stay unlimited."""
    plans = app.catalog_data()["plans"]
    limits = plans[plan]["limits"] | quota
    app.apply_catalog(plans=plans | {plan: plans[plan] | {"limits": limits}})


def allocate(by: Member, user: Member, **quota: Any) -> Answer:
    return call("POST", ALLOCATIONS, key=by.api_key, body={"user_id": user.user_id, **quota})


def create_allocation(by: Member, user: Member, **quota: Any) -> dict[str, Any]:
    return expect_allocation(allocate(by, user, **quota), 201)


def expect_allocation(answer: Answer, status: int = 200) -> dict[str, Any]:
    data: dict[str, Any] = expect(answer, status, "quota_allocation")["data"]["allocation"]
    return data


def change(by: Member, allocation_id: str, **quota: Any) -> Answer:
    return call("PUT", f"{ALLOCATIONS}/{allocation_id}", key=by.api_key, body=quota)


def revoke(by: Member, allocation_id: str) -> Answer:
    return call("POST", f"{ALLOCATIONS}/{allocation_id}/revoke", key=by.api_key)


def remove(by: Member, allocation_id: str) -> Answer:
    return call("DELETE", f"{ALLOCATIONS}/{allocation_id}", key=by.api_key)


def allocations(by: Member, query: str = "") -> list[dict[str, Any]]:
    """Newest first; an empty list has nothing to compare."""
    return _listed(by, ALLOCATIONS + query, "allocations")


def file(user: Member, **body: Any) -> Answer:
    return call("POST", OWN_REQUESTS, key=user.api_key, body={"reason": "CI needs more", **body})


def file_request(user: Member, **body: Any) -> dict[str, Any]:
    return expect_request(file(user, **body), 201)


def expect_request(answer: Answer, status: int = 200) -> dict[str, Any]:
    data: dict[str, Any] = expect(answer, status, "quota_request")["data"]["request"]
    return data


def review(by: Member, request_id: str, action: Any = "approve", **more: Any) -> Answer:
    return call("POST", f"{TEAM_REQUESTS}/{request_id}/review", key=by.api_key, body={"action": action, **more})


def requests(by: Member, query: str = "", *, path: str = TEAM_REQUESTS) -> list[dict[str, Any]]:
    return _listed(by, path + query, "requests")


def use(app: App, user: Member, meter: str, quantity: object, *, time: datetime | None = None) -> None:
    event = app.event(user, meter=meter, quantity=quantity, user_id=user.user_id, time=time or app.clock.now())
    assert [result.status for result in app.record(event)] == ["accepted"]


def own_usage(user: Member) -> dict[str, dict[str, Any]]:
    """The user's own quota usage by field."""
    data = expect(call("GET", OWN_USAGE, key=user.api_key), 200, "quota_usage")["data"]
    quota: dict[str, dict[str, Any]] = data["quota"]
    return quota


def start(key: str, user: Member, *, path: str = SESSIONS, **changes: Any) -> Answer:
    body = {"account_id": user.subject, "user_id": user.user_id, **SIZE, **changes}
    return call("POST", path, key=key, body=body)


def reasons(answer: Answer) -> list[tuple[str, Any, Any]]:
    """(code, limit, current) of each reason of a start that was refused, or of an admission."""
    if answer.status == 200:
        data = answer.json["data"]
        assert data["allowed"] is not bool(data["reasons"])
        if data["reasons"]:
            expect(answer, 200, "platform_admission")
        found = data["reasons"]
    else:
        found = expect(answer, 403, "admission_refused")["data"]["reasons"]
    return [(one["code"], one["limit"], one["current"]) for one in found]


def stored(app: App) -> list[dict[str, Any]]:
    """All items of `core` except API keys, in which their use is noted."""
    return [item for item in app.stored("core") if not item["sk"].startswith("APIKEY#")]


def fields(row: dict[str, Any]) -> dict[str, Any]:
    """The quota fields of a row that are not null."""
    return {name: row[name] for name in FIELDS if row[name] is not None}


def refusal(answer: Answer) -> tuple[int, str]:
    name = "admission_refused" if '"reasons"' in answer.text else "error_scalebox"
    return answer.status, expect(answer, answer.status, name)["code"]


def _listed(by: Member, path: str, name: str) -> list[dict[str, Any]]:
    answer = call("GET", path, key=by.api_key)
    assert answer.status == 200, answer.text
    rows: list[dict[str, Any]] = answer.json["data"][name]
    if rows:
        expect(answer, 200, f"quota_{name}")
    return rows


def change_request(user: Member, request_id: str, **body: Any) -> Answer:
    return call("PUT", f"{OWN_REQUESTS}/{request_id}", key=user.api_key, body=body)


def withdraw(user: Member, request_id: str) -> Answer:
    return call("DELETE", f"{OWN_REQUESTS}/{request_id}", key=user.api_key)


def start_refusal_reasons(app: App, key: str, user: Member, **changes: Any) -> list[tuple[str, Any, Any]]:
    """The reasons of a refused start. Admission returns the same, and neither writes anything."""
    before = app.stored("core"), app.stored("usage")
    found = reasons(start(key, user, path=ADMISSION, **changes))
    assert reasons(start(key, user, **changes)) == found
    assert (app.stored("core"), app.stored("usage")) == before
    return found
