"""A good request to every route there is; what is wrong with one is then a test's only difference."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.support.call import Answer, call
from tests.support.house import PASSWORD, House, Member
from tests.support.routes import Route

PUBLIC, USER = "public", "user"


@dataclass(frozen=True, slots=True)
class Stage:
    """A house in which each of the good requests succeeds."""

    house: House
    member: Member
    platform_key: str
    key_id: str

    @classmethod
    def of(cls, house: House) -> "Stage":
        member, platform_key = house.member(), house.platform_key()
        session = {"account_id": member.subject, "user_id": member.user_id, "session_id": "run-0", **_SIZE}
        assert call("POST", "/v1/platform/sessions", key=platform_key, body=session).status == 201
        made = call("POST", "/v1/user-management/api-keys", key=member.api_key, body={"name": "spare"})
        return cls(house, member, platform_key, made.json["data"]["api_key_id"])

    def request(self, route: Route, **how: Any) -> Answer:
        """The good request, presented as `how` says; `how` may replace the body as well."""
        body = GOOD[route].body(self)
        if "raw" not in how and body is not None:
            how = {"body": body, **how}
        return call(route.method, self.url(route), **how)

    def url(self, route: Route) -> str:
        return route.path.format(key_id=self.key_id, session_id="run-0")

    def credential(self, route: Route) -> str | None:
        """What the good request carries in `X-API-Key`."""
        return {PUBLIC: None, USER: self.member.api_key}.get(GOOD[route].who, self.platform_key)

    def stored(self) -> list[dict[str, Any]]:
        """All that is stored but for the counts of attempts, which a refusal may well move."""
        items = self.house.stored("core") + self.house.stored("usage")
        return [item for item in items if not item["pk"].startswith("ATTEMPTS#")]


@dataclass(frozen=True, slots=True)
class Good:
    """Who may call the route (anybody, a user, or a platform key's scope), what it answers, and a body that is fine."""

    who: str
    status: int
    body: Callable[[Stage], Any] = lambda _: None


_SIZE = {"cpu_cores": 1, "memory_gb": 2, "storage_gb": 5, "timeout_seconds": 3600}

GOOD = {
    Route("POST", "/auth/register"): Good(
        PUBLIC, 201, lambda _: {"email": "new@example.com", "password": PASSWORD, "name": "New"}
    ),
    Route("POST", "/auth/login"): Good(
        PUBLIC, 200, lambda stage: {"email": stage.member.user.email, "password": PASSWORD}
    ),
    Route("GET", "/auth/me"): Good(USER, 200),
    Route("POST", "/auth/logout"): Good(USER, 200),
    Route("POST", "/v1/user-management/api-keys"): Good(
        USER, 201, lambda _: {"name": "ci", "expires_at": "2027-01-01T00:00:00Z"}
    ),
    Route("GET", "/v1/user-management/api-keys"): Good(USER, 200),
    Route("DELETE", "/v1/user-management/api-keys/{key_id}"): Good(USER, 200),
    Route("GET", "/v1/user-management/users/me"): Good(USER, 200),
    Route("GET", "/v1/user-management/plans"): Good(PUBLIC, 200),
    Route("GET", "/v1/user-management/account/subscription"): Good(USER, 200),
    Route("GET", "/v1/billing/current"): Good(USER, 200),
    Route("POST", "/v1/platform/events"): Good(
        "usage:write", 200, lambda stage: stage.house.event(stage.member, sku=None)
    ),
    Route("POST", "/v1/platform/sessions"): Good(
        "sessions:write",
        201,
        lambda stage: {
            "account_id": stage.member.subject,
            "user_id": stage.member.user_id,
            "session_id": "run-1",
            **_SIZE,
        },
    ),
    Route("POST", "/v1/platform/sessions/{session_id}/end"): Good("sessions:write", 200),
    Route("POST", "/v1/platform/credits"): Good(
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
}

USER_ROUTES = [route for route, good in GOOD.items() if good.who == USER]
PLATFORM_ROUTES = [route for route, good in GOOD.items() if good.who not in (PUBLIC, USER)]
CHANGING_ROUTES = [route for route in GOOD if route.method != "GET"]


def name_of(route: Route) -> str:
    return f"{route.method} {route.path}"
