"""The account's profile. Source: ScaleBox account management, "Update Account"."""

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from tallybook.http import Caller, Ctx, body_of, respond
from tallybook.services.accounts.profile import change_account
from tallybook.wire.requests.bodies import ProfileRequest, sent_fields
from tallybook.wire.scalebox import envelope
from tallybook.wire.scalebox.account import present_account

router = APIRouter(prefix="/v1/user-management")


@router.put("/account")
async def update(ctx: Ctx, caller: Caller, body: ProfileRequest = body_of(ProfileRequest)) -> JSONResponse:
    account = change_account(ctx, caller, sent_fields(body))
    return respond(envelope.ok({"account": present_account(account)}, at=ctx.clock.now()))
