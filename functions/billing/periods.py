"""Billing periods: the current one, all of them, and the costs of a range of days. Source: ScaleBox billing."""

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from tallybook.domain.history import range_of
from tallybook.http import Caller, Ctx, respond
from tallybook.services.billing.billing_periods import read_billing_periods
from tallybook.services.billing.current_bill import read_current_bill
from tallybook.services.billing.history import read_history
from tallybook.wire.requests.ranges import SentRange
from tallybook.wire.scalebox import envelope
from tallybook.wire.scalebox.billing import present_current_bill, present_history, present_periods

router = APIRouter(prefix="/v1/billing")


@router.get("/current")
async def current(ctx: Ctx, caller: Caller) -> JSONResponse:
    billing = read_current_bill(ctx, caller.account)
    return respond(envelope.ok(present_current_bill(billing), at=ctx.clock.now()))


@router.get("/periods")
async def periods(ctx: Ctx, caller: Caller) -> JSONResponse:
    billing = read_billing_periods(ctx, caller.account)
    return respond(envelope.ok(present_periods(billing), at=ctx.clock.now()))


@router.get("/history")
async def history(ctx: Ctx, caller: Caller, sent: SentRange) -> JSONResponse:
    now = ctx.clock.now()
    found = read_history(ctx, caller.account, range_of(sent.start, sent.end, now=now))
    return respond(envelope.ok(present_history(found, at=now), at=now))
