"""The current period's estimates. Source: ScaleBox billing, "Get Current Billing Snapshot"."""

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from tallybook.http import Caller, Ctx, respond
from tallybook.services.current_bill import read_current_bill
from tallybook.wire import scalebox, scalebox_billing

router = APIRouter(prefix="/v1/billing")


@router.get("/current")
async def current(ctx: Ctx, caller: Caller) -> JSONResponse:
    billing = read_current_bill(ctx, caller.account)
    return respond(scalebox.ok(scalebox_billing.current(billing), at=ctx.clock.now()))
