"""Plan change tests: an account that can pay for a plan, and the calls."""

from typing import Any

from tests.contract.bills import grant_credits
from tests.contract.examples import expect
from tests.support.app import App, Member
from tests.support.call import Answer, call

SUBSCRIPTION = "/v1/user-management/account/subscription"
HISTORY, PREVIEW = f"{SUBSCRIPTION}/history", f"{SUBSCRIPTION}/preview"
YEARLY = {"price": "365", "billing_interval": "year", "display_name": "Annual"}


def create_payer(app: App, units: int = 1000) -> Member:
    """A new account on the free plan, with this many units granted."""
    member = app.member()
    grant_credits(app, member, units)
    return member


def sell_yearly_plan(app: App, **more: Any) -> None:
    """Add a yearly plan with a price of 365 to the catalog."""
    plans = app.catalog_data()["plans"]
    app.apply_catalog(plans=plans | {"annual": plans["pro"] | YEARLY}, **more)


def request_plan(member: Member, plan: object, *, path: str = SUBSCRIPTION) -> Answer:
    return call("POST", path, key=member.api_key, body={"plan_name": plan})


def change_plan_to(member: Member, plan: str) -> dict[str, Any]:
    data: dict[str, Any] = expect(request_plan(member, plan), 200, "subscription_changed")["data"]
    return data


def preview(member: Member, plan: str) -> dict[str, Any]:
    """The answer's data, compared with the example if its invoice has lines."""
    answer = request_plan(member, plan, path=PREVIEW)
    assert answer.status == 200, answer.text
    data: dict[str, Any] = answer.json["data"]
    if data["invoice"]["line_items"]:
        expect(answer, 200, "subscription_preview")
    return data


def history(member: Member, query: str = "") -> list[dict[str, Any]]:
    answer = call("GET", HISTORY + query, key=member.api_key)
    listed: list[dict[str, Any]] = expect(answer, 200, "subscription_history")["data"]["history"]
    return listed


def subscription(member: Member) -> dict[str, Any]:
    answer = call("GET", SUBSCRIPTION, key=member.api_key)
    body: dict[str, Any] = expect(answer, 200, "subscription")["data"]["subscription"]
    return body
