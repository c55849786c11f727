"""Walks through the functions `quotas` and `usage_check`: every operation of each."""

from decimal import Decimal

from tallybook.services.identity.authenticate import authenticate
from tallybook.services.metering.sessions import SessionRequest, start_session
from tallybook.services.quotas.allocations import allocate
from tests.functions.budget_walks import member_over_budget
from tests.functions.lambda_events import sqs_event, stream_record
from tests.support.app import App
from tests.support.call import LambdaContext, call
from tests.support.fake_aws import FakeAws


def quotas(app: App, _: FakeAws) -> None:
    member = app.member()
    colleague = app.colleague(member)
    app.clock.advance(days=31)
    team, mine = "/v1/user-management/quota-requests", "/v1/usage/quota-requests"
    requested = {"cpu_seconds_monthly": 50, "template_storage_gb": 5, "reason": "a walk"}
    call("GET", "/v1/usage/quota", key=colleague.api_key)
    for _ in range(2):
        request_id = call("POST", mine, key=colleague.api_key, body=requested).json["data"]["request"]["request_id"]
        call("GET", mine, key=colleague.api_key)
        call("PUT", f"{mine}/{request_id}", key=colleague.api_key, body={"concurrent_sandboxes": 1})
        call("POST", f"{team}/{request_id}/review", key=member.api_key, body={"action": "approve"})
    withdrawn = call("POST", mine, key=colleague.api_key, body=requested).json["data"]["request"]["request_id"]
    call("DELETE", f"{mine}/{withdrawn}", key=colleague.api_key)
    call("GET", team, key=member.api_key)
    path = "/v1/user-management/quota-allocations"
    call("POST", path, key=member.api_key, body={"user_id": member.user_id, "ram_gb_seconds": 10})
    for one in call("GET", path, key=member.api_key).json["data"]["allocations"]:
        own = f"{path}/{one['allocation_id']}"
        call("PUT", own, key=member.api_key, body={"concurrent_sandboxes": 2})
        call("GET", f"{own}/usage", key=member.api_key)
        call("POST", f"{own}/revoke", key=member.api_key)
        call("DELETE", own, key=member.api_key)


def usage_check(app: App, fake_aws: FakeAws) -> None:
    from usage_check.app import handler

    member = app.member()
    app.clock.advance(days=31)
    allocate(app.ctx, authenticate(app.ctx, member.api_key), member.user.id, {"cpu_seconds_monthly": 1000})
    for one in (member, app.member()):  # the other's period is opened only by the end of its session
        request = SessionRequest(one.account.id, one.user.id, Decimal(1), Decimal(1), Decimal(1), timeout_seconds=60)
        start_session(app.ctx, app.platform(), request)
    app.record(app.event(member, user_id=member.user_id, quantity=900))
    member_over_budget(app)
    app.clock.advance(days=31)
    app.record(app.event(member, user_id=member.user_id, quantity=900))
    member_over_budget(app)
    handler({"Records": [stream_record(item) for item in app.stored("core", "DIRTY")]}, LambdaContext())
    handler({"job": "usage_check"}, LambdaContext())
    handler(sqs_event(*fake_aws.messages), LambdaContext())
