"""Change, reset and set passwords. The routes are additions of ours, in the Quota dialect."""

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from tallybook.http import Address, Caller, Ctx, body_of
from tallybook.services.identity.change_password import ask_for_reset, change_password, set_password, show_link
from tallybook.wire.quota_app.envelope import present_link
from tallybook.wire.requests.bodies import (
    ChangePasswordRequest,
    PasswordLinkRequest,
    ResetRequest,
    SetPasswordRequest,
)

router = APIRouter(prefix="/auth/password")


@router.post("")
async def change(
    ctx: Ctx, caller: Caller, address: Address, body: ChangePasswordRequest = body_of(ChangePasswordRequest)
) -> JSONResponse:
    change_password(
        ctx,
        caller,
        current=body.current_password,
        password=body.password,
        address=address,
        end_api_keys=body.end_api_keys,
    )
    return JSONResponse({"success": True})


@router.post("/reset")
async def reset(ctx: Ctx, address: Address, body: ResetRequest = body_of(ResetRequest)) -> JSONResponse:
    """The same response whether the email is registered or not."""
    ask_for_reset(ctx, email=body.email, address=address)
    return JSONResponse({"success": True}, status_code=202)


@router.post("/confirm")
async def confirm(ctx: Ctx, address: Address, body: SetPasswordRequest = body_of(SetPasswordRequest)) -> JSONResponse:
    set_password(
        ctx,
        token=body.token,
        password=body.password,
        name=body.name,
        address=address,
        end_api_keys=body.end_api_keys,
    )
    return JSONResponse({"success": True})


@router.post("/link")
async def link(ctx: Ctx, address: Address, body: PasswordLinkRequest = body_of(PasswordLinkRequest)) -> JSONResponse:
    return JSONResponse(present_link(show_link(ctx, token=body.token, address=address)))
