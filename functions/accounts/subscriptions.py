"""Plans and the subscription. Source: ScaleBox account management."""

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from tallybook.http import Caller, Ctx, respond
from tallybook.services.subscriptions import list_plans, read_subscription
from tallybook.wire import scalebox, scalebox_account

router = APIRouter(prefix="/v1/user-management")


@router.get("/plans")
async def plans(ctx: Ctx) -> JSONResponse:
    return respond(scalebox.ok(scalebox_account.plans(list_plans(ctx)), at=ctx.clock.now()))


@router.get("/account/subscription")
async def subscription(ctx: Ctx, caller: Caller) -> JSONResponse:
    held = read_subscription(ctx, caller.account)
    return respond(scalebox.ok(scalebox_account.subscription(held), at=ctx.clock.now()))
