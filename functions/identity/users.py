"""Users: the caller's own, and the account's team for root users. Source: docs/decisions.md, "ScaleBox"."""

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from tallybook.domain.accounts import User
from tallybook.domain.errors import NotAllowed
from tallybook.domain.ids import USER, strip_prefix
from tallybook.http import Caller, Ctx, body_of, respond
from tallybook.keyed_requests import KeyedCaller
from tallybook.services.accounts.invitations import Invitation, invite_again, invite_user
from tallybook.services.accounts.team import delete_user, list_users, show_user
from tallybook.services.accounts.users import change_user
from tallybook.wire.requests.bodies import InvitationRequest, UserRequest, sent_fields
from tallybook.wire.requests.paging import Page, paged
from tallybook.wire.response import Answer
from tallybook.wire.scalebox import envelope
from tallybook.wire.scalebox.account import present_user

router = APIRouter(prefix="/v1/user-management/users")

_STORED_NAMES = {"display_name": "name", "is_root_user": "is_root"}


@router.get("/me")
async def me(ctx: Ctx, caller: Caller) -> JSONResponse:
    data = {"user": present_user(caller.account, caller.user)}
    return respond(envelope.ok(data, at=ctx.clock.now()))


@router.post("")
async def invite(ctx: Ctx, caller: KeyedCaller, body: InvitationRequest = body_of(InvitationRequest)) -> JSONResponse:
    def present(user: User) -> Answer:
        return envelope.ok({"user": present_user(caller.account, user)}, at=user.created_at, status=201)

    invitation = Invitation(body.email, name=body.display_name, role=body.role, is_root=body.is_root_user)
    return respond(present(invite_user(ctx, caller, invitation, present=present)))


@router.get("")
async def list_all(ctx: Ctx, caller: Caller, page: Page) -> JSONResponse:
    users = [present_user(caller.account, user) for user in list_users(ctx, caller)]
    return respond(envelope.ok(paged("users", users, page), at=ctx.clock.now()))


@router.get("/{user_id}")
async def show(ctx: Ctx, caller: Caller, user_id: str) -> JSONResponse:
    user = show_user(ctx, caller, _id(user_id))
    return respond(envelope.ok({"user": present_user(caller.account, user)}, at=ctx.clock.now()))


@router.put("/{user_id}")
async def change(ctx: Ctx, caller: Caller, user_id: str, body: UserRequest = body_of(UserRequest)) -> JSONResponse:
    changes = {_STORED_NAMES.get(name, name): value for name, value in sent_fields(body).items()}
    user = change_user(ctx, caller, _id(user_id), changes)
    return respond(envelope.ok({"user": present_user(caller.account, user)}, at=ctx.clock.now()))


@router.delete("/{user_id}")
async def delete(ctx: Ctx, caller: Caller, user_id: str) -> JSONResponse:
    delete_user(ctx, caller, _id(user_id))
    return respond(envelope.done("User deleted", at=ctx.clock.now()))


@router.post("/{user_id}/invitation")
async def remind(ctx: Ctx, caller: Caller, user_id: str) -> JSONResponse:
    """Sends the invitation again, with a new link."""
    invite_again(ctx, caller, _id(user_id))
    return respond(envelope.done("Invitation sent again", at=ctx.clock.now()))


def _id(text: str) -> str:
    """`me` is only allowed in GET."""
    if text == "me":
        raise NotAllowed("This method is not allowed here")
    return strip_prefix(text, USER, field="user_id")
