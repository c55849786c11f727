"""The account's profile. Source: ScaleBox account management, "Update Account"."""

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from tallybook.http import Caller, Ctx, body_of, respond
from tallybook.services.accounts.profile import change_account
from tallybook.wire import scalebox, scalebox_account
from tallybook.wire.forms import ProfileForm, given

router = APIRouter(prefix="/v1/user-management")


@router.put("/account")
async def update(ctx: Ctx, caller: Caller, form: ProfileForm = body_of(ProfileForm)) -> JSONResponse:
    account = change_account(ctx, caller, given(form))
    return respond(scalebox.ok({"account": scalebox_account.profile(account)}, at=ctx.clock.now()))
