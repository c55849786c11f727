"""Plans and allocations: a plan shows its quota, and a plan smaller than the allocations is refused.

Source: money, "Quotas" and "Plan changes".
"""

import pytest

from tallybook.domain.audit import OPERATOR
from tallybook.domain.quotas import FIELDS
from tallybook.services.subscriptions.change_plan import change_plan
from tests.contract.bills import grant_credits as grant
from tests.contract.examples import expect
from tests.contract.plans import PREVIEW, SUBSCRIPTION, request_plan, subscription
from tests.contract.plans import change_plan_to as change_to
from tests.contract.quotas import (
    ADMISSION,
    PLAN_QUOTA,
    allocate,
    allocations,
    change,
    create_allocation,
    fields,
    reasons,
    refusal,
    revoke,
    set_plan_quota,
    start,
    use,
)
from tests.support.app import App, Member
from tests.support.call import call


@pytest.fixture
def payer(app: App) -> Member:
    """An account on hobby, whose only account quota is concurrency; pro has `PLAN_QUOTA`."""
    set_plan_quota(app, "pro", **PLAN_QUOTA)
    member = app.member()
    grant(app, member, 1000)
    app.clock.advance(minutes=1)
    return member


def test_plans_and_the_subscription_show_the_accounts_quota(app: App, payer: Member) -> None:
    plans = expect(call("GET", "/v1/user-management/plans"), 200, "plans")["data"]["plans"]
    body = {plan["plan_name"]: {name: plan[name] for name in FIELDS} for plan in plans}
    nothing = dict.fromkeys(FIELDS)
    concurrent = {plan["plan_name"]: {"concurrent_sandboxes": plan["max_concurrent_sandboxes"]} for plan in plans}
    assert body == {"hobby": nothing | concurrent["hobby"], "pro": PLAN_QUOTA, "scale": nothing | concurrent["scale"]}
    assert fields(subscription(payer)["plan"]) == concurrent["hobby"]
    change_to(payer, "pro")
    assert fields(subscription(payer)["plan"]) == PLAN_QUOTA


@pytest.mark.parametrize("field", FIELDS)
def test_a_plan_smaller_than_the_allocations_is_refused_with_numbers(app: App, payer: Member, field: str) -> None:
    most = PLAN_QUOTA[field]
    first = create_allocation(payer, payer, **{field: most})
    second = create_allocation(payer, app.colleague(payer), **{field: 1})
    app.clock.advance(minutes=1)
    before = app.stored("core")
    for path in (SUBSCRIPTION, PREVIEW):
        answer = request_plan(payer, "pro", path=path)
        assert refusal(answer) == (400, "quota_exceeds_plan")
        assert all(word in answer.json["message"] for word in (field, str(most + 1), str(most)))
    assert app.stored("core") == before
    revoke(payer, second["allocation_id"])
    app.clock.advance(minutes=1)
    assert request_plan(payer, "pro", path=PREVIEW).status == 200
    change_to(payer, "pro")
    assert allocations(payer) == [first], "allocations stay as they are"


def test_every_field_that_exceeds_the_plan_is_named(payer: Member) -> None:
    create_allocation(payer, payer, **{name: amount + 1 for name, amount in PLAN_QUOTA.items()})
    message = request_plan(payer, "pro").json["message"]
    assert all(f"{name}: allocations add up to {amount + 1}" in message for name, amount in PLAN_QUOTA.items())


def test_allocations_survive_a_retired_plan_and_the_plan_still_limits(app: App, payer: Member) -> None:
    ada, key = app.colleague(payer), app.platform_key()
    allocation = create_allocation(payer, ada, concurrent_sandboxes=5, cpu_seconds_monthly=5000)
    app.clock.advance(minutes=1)
    change_plan(app.ctx, app.account_of(payer), "pro", actor=OPERATOR, must_pay=False, reason="plan_retired")
    assert allocations(payer) == [allocation]
    for _ in range(4):
        assert start(key, ada).status == 201
    assert reasons(start(key, ada)) == [("account_concurrent_sandboxes", 4, 4)]
    assert refusal(allocate(payer, payer, concurrent_sandboxes=1)) == (400, "quota_exceeds_plan")
    assert create_allocation(payer, payer, traffic_gb_seconds=400)["status"] == "active", (
        "an allocation that fits is accepted"
    )
    less = change(payer, allocation["allocation_id"], cpu_seconds_monthly=4000)
    assert less.status == 200, "a decrease is accepted even if it still exceeds the plan"
    assert refusal(change(payer, allocation["allocation_id"], cpu_seconds_monthly=4001)) == (400, "quota_exceeds_plan")


def test_the_new_plans_limits_apply_from_the_instant_of_the_change(app: App, payer: Member) -> None:
    key = app.platform_key()
    for _ in range(4):
        start(key, payer)
    app.record(app.event(payer, quantity=5000))
    assert reasons(start(key, payer, path="/v1/platform/admission")) == []
    change_to(payer, "pro")
    assert reasons(start(key, payer)) == [("account_concurrent_sandboxes", 4, 4)], "a new period starts without usage"
    assert refusal(allocate(payer, payer, concurrent_sandboxes=5)) == (400, "quota_exceeds_plan")
    app.record(app.event(payer, quantity=1000))
    app.clock.advance(minutes=1)
    assert ("account_cpu_seconds_monthly", 1000, 1000) in reasons(start(key, payer))
    change_to(payer, "scale")
    assert start(key, payer).status == 201
    assert create_allocation(payer, payer, concurrent_sandboxes=1000)["status"] == "active"


def test_a_storage_limit_removed_from_the_plan_applies_until_period_end(app: App, payer: Member) -> None:
    change_to(payer, "pro")
    set_plan_quota(app, "pro")
    use(app, payer, "template_storage_gb_hours", 51)
    key = app.platform_key()
    assert reasons(start(key, payer, path=ADMISSION)) == [("account_template_storage_gb", 50, 51)]
    app.clock.advance(days=31)
    use(app, payer, "template_storage_gb_hours", 51)
    assert reasons(start(key, payer, path=ADMISSION)) == []


def test_a_plans_changed_quota_applies_from_the_next_period(app: App, payer: Member) -> None:
    change_to(payer, "pro")
    ada = app.colleague(payer)
    set_plan_quota(app, "pro", **PLAN_QUOTA | {"cpu_seconds_monthly": 10})
    assert fields(subscription(payer)["plan"]) == PLAN_QUOTA
    allocation = create_allocation(payer, payer, cpu_seconds_monthly=1000)
    app.clock.advance(days=31)
    assert subscription(payer)["plan"]["cpu_seconds_monthly"] == 10
    assert refusal(allocate(payer, ada, cpu_seconds_monthly=1)) == (400, "quota_exceeds_plan")
    assert allocations(payer) == [allocation]
