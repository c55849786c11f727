"""An app in which each valid request of the route catalog succeeds, so a test changes one thing to be refused."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Self

from tallybook.domain.accounts import User
from tallybook.domain.email_change import EmailChange
from tallybook.services.accounts.email_change import request_email_change
from tallybook.services.identity.authenticate import authenticate
from tests.functions.route_catalog import FILE_REQUEST, MAKE_BUDGET, PUBLIC, ROOT, USER, VALID_REQUESTS, session
from tests.support.app import App, Member
from tests.support.call import Answer, call
from tests.support.routes import Route
from tests.support.snapshot import restore_snapshot, take_snapshot

ALLOCATIONS = "/v1/user-management/quota-allocations"
ONE_SANDBOX = {"cpu_seconds_monthly": 100_000, "concurrent_sandboxes": 1}


@dataclass(frozen=True, slots=True)
class Scenario:
    """An account with a root user, a colleague who is no root user, and an invited user; and the platform.

    Paths name the invited user, a spare key of the root user, a running session, a draft invoice, the colleague's
    allocation, the root user's own quota request, and another user's quota request to review. The account has a budget.
    There is a second free plan, `trial`. Another account has a pending email change.
    """

    app: App
    member: Member
    colleague: Member
    invited: User
    platform_key: str
    key_id: str
    invoice_id: str
    allocation_id: str
    own_request_id: str
    request_id: str
    token: str
    email_token: str
    tables: bytes = field(repr=False)
    bare: bytes = field(repr=False)
    """The tables without the root user's own request and without a budget, for the routes that create them."""

    @classmethod
    def of(cls, app: App) -> Self:
        plans = app.catalog_data()["plans"]
        app.apply_catalog(plans=plans | {"trial": plans["hobby"] | {"display_name": "Trial"}})
        member, platform_key = app.member("root@example.com"), app.platform_key()
        colleague, invited = app.colleague(member, "plain@example.com"), app.invite(member, "soon@example.com")
        created = call("POST", "/v1/user-management/api-keys", key=member.api_key, body={"name": "spare"})
        drafted = call("POST", "/v1/billing/invoice/generate", key=member.api_key)
        allocated = call("POST", ALLOCATIONS, key=member.api_key, body={"user_id": colleague.user_id, **ONE_SANDBOX})
        request_id = _file_request(app.colleague(member, "asking@example.com"))
        scenario = cls(
            app=app,
            member=member,
            colleague=colleague,
            invited=invited,
            platform_key=platform_key,
            key_id=created.json["data"]["api_key_id"],
            invoice_id=drafted.json["data"]["invoice_id"],
            allocation_id=allocated.json["data"]["allocation"]["allocation_id"],
            own_request_id="",
            request_id=request_id,
            token=app.password_token(member.user, "reset"),
            email_token=app.email_tokens(request_change_of_another_account(app))["new"],
            tables=b"",
            bare=b"",
        )
        running = call("POST", "/v1/platform/sessions", key=platform_key, body=session(scenario, "run-0"))
        assert running.status == 201
        bare = take_snapshot()
        assert call("POST", MAKE_BUDGET.path, key=member.api_key, body={"budget_amount": 250}).status == 201
        return replace(scenario, own_request_id=_file_request(member), bare=bare, tables=take_snapshot())

    def ready_for(self, route: Route) -> Self:
        """The scenario in which this route's valid request succeeds; two routes need the bare tables."""
        return replace(self, tables=self.bare) if route in (FILE_REQUEST, MAKE_BUDGET) else self

    def reset(self, app: App | None = None) -> Self:
        """The scenario as it was created, in another app if one is given."""
        restore_snapshot(self.tables)
        scenario = self if app is None else replace(self, app=app)
        scenario.app.forget_caches()
        return scenario

    def as_member(self, member: Member) -> Self:
        """The same requests for the same resources, sent by another member."""
        return replace(self, member=member)

    def request(self, route: Route, **how: Any) -> Answer:
        """Send the valid request with the credential in `how`, which may also replace the body."""
        body = VALID_REQUESTS[route].body(self)
        if "raw" not in how and body is not None:
            how = {"body": body, **how}
        return call(route.method, self.url(route), **how)

    def url(self, route: Route) -> str:
        return route.path.format(
            key_id=self.key_id,
            user_id=f"usr-{self.invited.id}",
            account_id=self.member.subject,
            session_id="run-0",
            invoice_id=self.invoice_id,
            allocation_id=self.allocation_id,
            request_id=self.request_id if route.path.endswith("/review") else self.own_request_id,
        )

    def credential(self, route: Route) -> str | None:
        """The credential of the valid request, for `X-API-Key`."""
        mine = self.member.api_key
        return {PUBLIC: None, USER: mine, ROOT: mine}.get(VALID_REQUESTS[route].caller, self.platform_key)

    def stored(self, of: Callable[[dict[str, Any]], bool] = lambda _: True) -> list[dict[str, Any]]:
        """All stored items except attempt counts, which a refusal may change."""
        items = self.app.stored("core") + self.app.stored("usage")
        return [item for item in items if not item["pk"].startswith("ATTEMPTS#") and of(item)]


def _file_request(member: Member) -> str:
    """File a quota request; return its id."""
    body = {"cpu_seconds_monthly": 500_000, "reason": "CI needs more"}
    filed = call("POST", FILE_REQUEST.path, key=member.api_key, body=body)
    return str(filed.json["data"]["request"]["request_id"])


def request_change_of_another_account(app: App) -> EmailChange:
    """The pending email change of another account."""
    principal = authenticate(app.ctx, app.member("moving@example.com").session)
    return request_email_change(app.ctx, principal, current="moving@example.com", new="settled@example.com")
