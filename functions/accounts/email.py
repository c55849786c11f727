"""Changes of the account's email. Source: ScaleBox account management; docs/decisions.md, "Email change"."""

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from tallybook.domain.email_change import EmailChange
from tallybook.http import Address, Caller, Ctx, body_of, respond
from tallybook.keyed_requests import KeyedCaller
from tallybook.services.accounts.email_change import clear_email_change, last_email_change, request_email_change
from tallybook.services.accounts.email_confirmation import confirm_email_change
from tallybook.wire.requests.bodies import ConfirmEmailRequest, EmailChangeRequest
from tallybook.wire.response import Answer
from tallybook.wire.scalebox import envelope
from tallybook.wire.scalebox.email import present_confirmation, present_email_change

router = APIRouter(prefix="/v1/user-management/account")


@router.post("/email-change-request")
async def request(
    ctx: Ctx, caller: KeyedCaller, body: EmailChangeRequest = body_of(EmailChangeRequest)
) -> JSONResponse:
    def present(change: EmailChange) -> Answer:
        now = change.requested_at
        return envelope.ok(present_email_change(change, now=now), at=now, status=201)

    change = request_email_change(ctx, caller, current=body.current_email, new=body.new_email, present=present)
    return respond(present(change))


@router.get("/email-change-status")
async def status(ctx: Ctx, caller: Caller) -> JSONResponse:
    now = ctx.clock.now()
    return respond(envelope.ok(present_email_change(last_email_change(ctx, caller), now=now), at=now))


@router.post("/clear-email-change-requests")
async def clear(ctx: Ctx, caller: Caller) -> JSONResponse:
    clear_email_change(ctx, caller)
    return respond(envelope.done("Nothing is pending any more", at=ctx.clock.now()))


@router.post("/confirm-email-change")
async def confirm(ctx: Ctx, address: Address, body: ConfirmEmailRequest = body_of(ConfirmEmailRequest)) -> JSONResponse:
    """Public: the token authorizes."""
    change = confirm_email_change(ctx, token=body.token, address=address)
    return respond(envelope.ok(present_confirmation(change), at=ctx.clock.now()))
