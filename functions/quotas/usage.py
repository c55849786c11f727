"""What the caller has used of their allocation. The API documents don't define the response."""

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from tallybook.http import Caller, Ctx, respond
from tallybook.services.quotas.user_quota import read_own_quota
from tallybook.wire.scalebox import envelope
from tallybook.wire.scalebox.quotas import present_usage

router = APIRouter(prefix="/v1/usage")


@router.get("/quota")
async def quota(ctx: Ctx, caller: Caller) -> JSONResponse:
    return respond(envelope.ok(present_usage(read_own_quota(ctx, caller)), at=ctx.clock.now()))
