"""Who one is. Source: decisions, "ScaleBox"."""

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from tallybook.http import Caller, Ctx, respond
from tallybook.wire import scalebox, scalebox_account

router = APIRouter(prefix="/v1/user-management/users")


@router.get("/me")
async def me(ctx: Ctx, caller: Caller) -> JSONResponse:
    shown = {"user": scalebox_account.user(caller.account, caller.user)}
    return respond(scalebox.ok(shown, at=ctx.clock.now()))
