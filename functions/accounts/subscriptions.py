"""Plans, the subscription, and changes of its plan. Source: ScaleBox account management."""

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from tallybook.http import Caller, Ctx, body_of, respond
from tallybook.keyed_requests import KeyedCaller
from tallybook.services.subscriptions.preview import preview_plan
from tallybook.services.subscriptions.subscription import (
    ChangedSubscription,
    change_subscription,
    list_plan_changes,
    list_plans,
    read_subscription,
)
from tallybook.wire.requests.bodies import PlanRequest
from tallybook.wire.requests.paging import Page, pagination
from tallybook.wire.response import Answer
from tallybook.wire.scalebox import envelope
from tallybook.wire.scalebox.account import present_plans, present_subscription
from tallybook.wire.scalebox.subscription import present_plan_change, present_plan_changes, present_preview

router = APIRouter(prefix="/v1/user-management")


@router.get("/plans")
async def plans(ctx: Ctx) -> JSONResponse:
    return respond(envelope.ok(present_plans(list_plans(ctx)), at=ctx.clock.now()))


@router.get("/account/subscription")
async def subscription(ctx: Ctx, caller: Caller) -> JSONResponse:
    subscription = read_subscription(ctx, caller.account)
    return respond(envelope.ok(present_subscription(subscription), at=ctx.clock.now()))


@router.post("/account/subscription")
async def change(ctx: Ctx, caller: KeyedCaller, body: PlanRequest = body_of(PlanRequest)) -> JSONResponse:
    def present(changed: ChangedSubscription) -> Answer:
        return envelope.ok(present_plan_change(*changed), at=changed[1].changed_at)

    return respond(present(change_subscription(ctx, caller, body.plan_name, present=present)))


@router.post("/account/subscription/preview")
async def preview(ctx: Ctx, caller: Caller, body: PlanRequest = body_of(PlanRequest)) -> JSONResponse:
    preview = preview_plan(ctx, caller, body.plan_name)
    return respond(envelope.ok(present_preview(preview), at=ctx.clock.now()))


@router.get("/account/subscription/history")
async def history(ctx: Ctx, caller: Caller, page: Page) -> JSONResponse:
    changes = list_plan_changes(ctx, caller, offset=page.offset, limit=page.limit)
    presented = present_plan_changes(changes, pagination(page, total=caller.account.counts.plan_change_count))
    return respond(envelope.ok(presented, at=ctx.clock.now()))
