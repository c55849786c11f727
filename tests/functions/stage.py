"""A house in which each of the good requests succeeds; what is wrong with one is then a test's only difference."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Self

from tallybook.domain.accounts import User
from tallybook.domain.email_change import EmailChange
from tallybook.services.accounts.email_change import request_email_change
from tallybook.services.identity.authenticate import authenticate
from tests.functions.route_catalog import FILE_REQUEST, GOOD, MAKE_BUDGET, PUBLIC, ROOT, USER, session
from tests.support.app import App, Member
from tests.support.call import Answer, call
from tests.support.routes import Route
from tests.support.snapshot import restore_snapshot, take_snapshot

ALLOCATIONS = "/v1/user-management/quota-allocations"
ONE_SANDBOX = {"cpu_seconds_monthly": 100_000, "concurrent_sandboxes": 1}


@dataclass(frozen=True, slots=True)
class Stage:
    """An account with its root user, a colleague who is none, and a user who was invited; and the platform.

    Paths name the invited user, a spare key of the root user's, a session that runs, and a draft of the account's;
    the colleague's share of the plan, the root user's own request for one, and the request of another user's to review.
    The account has a budget.
    There is another plan without a price, `trial`, that everybody may change to.
    Another account waits to have its email changed.
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
    """The tables without the root user's own request and without a budget, so that each may be made."""

    @classmethod
    def of(cls, app: App) -> Self:
        plans = app.catalog_data()["plans"]
        app.apply_catalog(plans=plans | {"trial": plans["hobby"] | {"display_name": "Trial"}})
        member, platform_key = app.member("root@example.com"), app.platform_key()
        colleague, invited = app.colleague(member, "plain@example.com"), app.invite(member, "soon@example.com")
        made = call("POST", "/v1/user-management/api-keys", key=member.api_key, body={"name": "spare"})
        drafted = call("POST", "/v1/billing/invoice/generate", key=member.api_key)
        shared = call("POST", ALLOCATIONS, key=member.api_key, body={"user_id": colleague.user_id, **ONE_SANDBOX})
        asked = _asked(app.colleague(member, "asking@example.com"))
        stage = cls(
            app=app,
            member=member,
            colleague=colleague,
            invited=invited,
            platform_key=platform_key,
            key_id=made.json["data"]["api_key_id"],
            invoice_id=drafted.json["data"]["invoice_id"],
            allocation_id=shared.json["data"]["allocation"]["allocation_id"],
            own_request_id="",
            request_id=asked,
            token=app.password_token(member.user, "reset"),
            email_token=app.email_tokens(moving(app))["new"],
            tables=b"",
            bare=b"",
        )
        running = call("POST", "/v1/platform/sessions", key=platform_key, body=session(stage, "run-0"))
        assert running.status == 201
        bare = take_snapshot()
        assert call("POST", MAKE_BUDGET.path, key=member.api_key, body={"budget_amount": 250}).status == 201
        return replace(stage, own_request_id=_asked(member), bare=bare, tables=take_snapshot())

    def ready_for(self, route: Route) -> Self:
        """The stage on which this route's good request succeeds; but for two routes that is the same for all."""
        return replace(self, tables=self.bare) if route in (FILE_REQUEST, MAKE_BUDGET) else self

    def again(self, app: App | None = None) -> Self:
        """The stage as it was made, whatever was done to it since; in another house if told so."""
        restore_snapshot(self.tables)
        stage = self if app is None else replace(self, app=app)
        stage.app.forget_caches()
        return stage

    def seen_by(self, member: Member) -> Self:
        """The same requests by somebody else, about the same things."""
        return replace(self, member=member)

    def request(self, route: Route, **how: Any) -> Answer:
        """The good request, presented as `how` says; `how` may replace the body as well."""
        body = GOOD[route].body(self)
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
        """What the good request carries in `X-API-Key`."""
        mine = self.member.api_key
        return {PUBLIC: None, USER: mine, ROOT: mine}.get(GOOD[route].caller, self.platform_key)

    def stored(self, of: Callable[[dict[str, Any]], bool] = lambda _: True) -> list[dict[str, Any]]:
        """All that is stored but for the counts of attempts, which a refusal may well move."""
        items = self.app.stored("core") + self.app.stored("usage")
        return [item for item in items if not item["pk"].startswith("ATTEMPTS#") and of(item)]


def _asked(member: Member) -> str:
    """The id of a request that the user has filed."""
    body = {"cpu_seconds_monthly": 500_000, "reason": "CI needs more"}
    filed = call("POST", FILE_REQUEST.path, key=member.api_key, body=body)
    return str(filed.json["data"]["request"]["request_id"])


def moving(app: App) -> EmailChange:
    """The pending request of an account of its own."""
    caller = authenticate(app.ctx, app.member("moving@example.com").session)
    return request_email_change(app.ctx, caller, current="moving@example.com", new="settled@example.com")
