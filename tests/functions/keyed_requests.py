"""The routes that take an idempotency key, and calls of them with the key `retry-1`."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from fastapi.routing import iter_route_contexts

from tests.functions.scenario import Scenario
from tests.support.call import Answer, call
from tests.support.routes import Route, apps

KEYS = Route("POST", "/v1/user-management/api-keys")
USERS = Route("POST", "/v1/user-management/users")
SESSIONS = Route("POST", "/v1/platform/sessions")
SUBSCRIPTION = Route("POST", "/v1/user-management/account/subscription")
ALLOCATIONS = Route("POST", "/v1/user-management/quota-allocations")
REQUESTS = Route("POST", "/v1/usage/quota-requests")
BUDGETS = Route("POST", "/v1/budgets")
EMAIL = Route("POST", "/v1/user-management/account/email-change-request")
KEYED_ROUTES = [KEYS, USERS, SESSIONS, SUBSCRIPTION, ALLOCATIONS, REQUESTS, BUDGETS, EMAIL]

REPLAYED = "idempotent-replayed"


def send(scenario: Scenario, route: Route, *, idempotency_key: str = "retry-1", **how: Any) -> Answer:
    """The valid request with the idempotency key; a session without an id of its own."""
    how = {"key": scenario.credential(route), **how}
    if route == SESSIONS and "raw" not in how and "body" not in how:
        how["body"] = session_without_id(scenario)
    headers = {"idempotency-key": idempotency_key, **how.pop("headers", {})}
    return scenario.request(route, headers=headers, **how)


def session_without_id(scenario: Scenario) -> dict[str, Any]:
    ids = {"account_id": scenario.member.subject, "user_id": scenario.member.user_id}
    return {**ids, "cpu_cores": 1, "memory_gb": 2, "storage_gb": 5, "timeout_seconds": 3600}


def create_key(credential: str, *, idempotency_key: str | None = "retry-1", name: str = "ci", **how: Any) -> Answer:
    headers = {} if idempotency_key is None else {"idempotency-key": idempotency_key}
    return call(*KEYS, key=credential, body={"name": name}, headers=headers, **how)


def send_meanwhile(scenario: Scenario, route: Route) -> Answer:
    """Send the request while another one is running in this thread."""

    def run() -> Answer:
        with asyncio.Runner() as runner:
            asyncio.set_event_loop(runner.get_loop())
            return send(scenario, route)

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(run).result()


def routes_with_keyed_callers() -> set[Route]:
    """The routes of all functions whose caller may send an idempotency key."""
    return {
        Route(method, context.path)
        for app in apps().values()
        for context in iter_route_contexts(app.routes)
        for method in context.methods
        if any(part.call.__module__ == "tallybook.keyed_requests" for part in context.dependant.dependencies)
    }
