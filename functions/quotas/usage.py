"""What the caller has used of their own share. Its shape is ours."""

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from tallybook.http import Caller, Ctx, respond
from tallybook.services.quotas.user_quota import own_quota
from tallybook.wire import scalebox, scalebox_quotas

router = APIRouter(prefix="/v1/usage")


@router.get("/quota")
async def quota(ctx: Ctx, caller: Caller) -> JSONResponse:
    return respond(scalebox.ok(scalebox_quotas.usage(own_quota(ctx, caller)), at=ctx.clock.now()))
