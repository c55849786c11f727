"""The platform suspends and resumes accounts, and sets their billing terms.

Source: docs/decisions.md, "What the platform needs".
"""

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from tallybook.domain.ids import ACCOUNT, strip_prefix
from tallybook.http import Ctx, Platform, body_of, respond
from tallybook.services.accounts.billing_settings import set_terms_as_platform
from tallybook.services.accounts.suspension import set_account_status_as_platform
from tallybook.wire.platform import present_account
from tallybook.wire.requests.bodies import ReasonRequest, TermsRequest, sent_fields
from tallybook.wire.scalebox import envelope

router = APIRouter(prefix="/v1/platform/accounts")


@router.put("/{account_id}")
async def terms(
    ctx: Ctx, platform: Platform, account_id: str, body: TermsRequest = body_of(TermsRequest)
) -> JSONResponse:
    account = set_terms_as_platform(ctx, platform, _id(account_id), sent_fields(body))
    return respond(envelope.ok(present_account(account), at=ctx.clock.now()))


@router.post("/{account_id}/suspend")
async def suspend(
    ctx: Ctx, platform: Platform, account_id: str, body: ReasonRequest = body_of(ReasonRequest)
) -> JSONResponse:
    account = set_account_status_as_platform(ctx, platform, _id(account_id), "suspended", reason=body.reason)
    return respond(envelope.ok(present_account(account), at=ctx.clock.now()))


@router.post("/{account_id}/resume")
async def resume(
    ctx: Ctx, platform: Platform, account_id: str, body: ReasonRequest = body_of(ReasonRequest)
) -> JSONResponse:
    account = set_account_status_as_platform(ctx, platform, _id(account_id), "active", reason=body.reason)
    return respond(envelope.ok(present_account(account), at=ctx.clock.now()))


def _id(text: str) -> str:
    return strip_prefix(text, ACCOUNT, field="account_id")
