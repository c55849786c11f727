"""Quota's /auth: register, login, me, logout. Source: docs/decisions.md, "Quota"."""

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from tallybook.domain.credentials import SESSION_LIFE
from tallybook.http import Address, Caller, Ctx, body_of, may_use_cookie
from tallybook.services.accounts.sign_up import register as sign_up
from tallybook.services.identity import sign_in
from tallybook.wire.quota_app.envelope import present_sign_in, present_user
from tallybook.wire.requests.bodies import LoginRequest, RegisterRequest
from tallybook.wire.requests.credentials import session_cookie

router = APIRouter(prefix="/auth")


@router.post("/register")
async def register(
    request: Request, ctx: Ctx, address: Address, body: RegisterRequest = body_of(RegisterRequest)
) -> JSONResponse:
    return _signed_in(
        request,
        sign_up(ctx, email=body.email, password=body.password, name=body.name, address=address),
        status=201,
    )


@router.post("/login")
async def login(
    request: Request, ctx: Ctx, address: Address, body: LoginRequest = body_of(LoginRequest)
) -> JSONResponse:
    return _signed_in(
        request, sign_in.login(ctx, email=body.email, password=body.password, address=address), status=200
    )


@router.get("/me")
async def me(caller: Caller) -> JSONResponse:
    return JSONResponse({"user": present_user(caller.account, caller.user)})


@router.post("/logout")
async def logout(ctx: Ctx, caller: Caller) -> JSONResponse:
    sign_in.logout(ctx, caller)
    return JSONResponse({"success": True}, headers={"Set-Cookie": session_cookie("", max_age=0)})


def _signed_in(request: Request, signed_in: sign_in.SignedIn, *, status: int) -> JSONResponse:
    """The cookie is only set for allowed origins, so that no other page can sign a browser in as somebody else."""
    body = present_sign_in(signed_in.account, signed_in.user, text=signed_in.text, expires_at=signed_in.expires_at)
    cookie = session_cookie(signed_in.text, max_age=int(SESSION_LIFE.total_seconds()))
    headers = {"Set-Cookie": cookie} if may_use_cookie(request) else {}
    return JSONResponse(body, status_code=status, headers=headers)
