"""GET plans and subscription: the document's fields with the catalog's values."""

from tests.contract.examples import expect
from tests.support.app import App
from tests.support.call import call


def test_plans_are_public_and_cheapest_first(app: App) -> None:
    data = expect(call("GET", "/v1/user-management/plans"), 200, "plans")["data"]
    body = [(plan["plan_name"], plan["display_name"], plan["price_amount"], plan["is_free"]) for plan in data["plans"]]
    assert body == [("hobby", "Hobby", 0, True), ("pro", "Pro", 20, False), ("scale", "Scale", 200, False)]
    assert {plan["billing_interval"] for plan in data["plans"]} == {"month"}


def test_the_subscriptions_plan_equals_the_one_in_the_list(app: App) -> None:
    member = app.member()
    answer = call("GET", "/v1/user-management/account/subscription", key=member.api_key)
    body = expect(answer, 200, "subscription")["data"]["subscription"]
    plans = call("GET", "/v1/user-management/plans").json["data"]["plans"]
    assert body["plan"] == plans[0]
    assert (body["plan_name"], body["status"], body["account_id"]) == ("hobby", "active", member.subject)
    assert (body["current_period_start"], body["current_period_end"]) == (
        "2026-04-20T00:00:00Z",
        "2026-05-19T00:00:00Z",
    )


def test_a_subscription_shows_the_plan_as_its_period_pinned_it(app: App) -> None:
    member = app.member()
    plans = app.catalog_data()["plans"]
    app.apply_catalog(plans=plans | {"hobby": plans["hobby"] | {"display_name": "Tinkerer"}})
    path = "/v1/user-management/account/subscription"
    body = []
    for _ in range(2):
        body.append(call("GET", path, key=member.api_key).json["data"]["subscription"]["plan"]["display_name"])
        app.clock.advance(days=31)
    assert body == ["Hobby", "Tinkerer"]
    assert call("GET", "/v1/user-management/plans").json["data"]["plans"][0]["display_name"] == "Tinkerer"


def test_a_price_has_the_decimals_it_needs(app: App) -> None:
    plans = app.catalog_data()["plans"]
    app.apply_catalog(plans=plans | {"pro": plans["pro"] | {"price": "29.5"}})
    data = expect(call("GET", "/v1/user-management/plans"), 200, "plans")["data"]
    assert [plan["price_amount"] for plan in data["plans"]] == [0, 29.5, 200]
