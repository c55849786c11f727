"""The platform adds credits to a wallet, or takes them. Source: docs/decisions.md, "What the platform needs"."""

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from tallybook.http import Ctx, Platform, body_of, respond
from tallybook.services.wallet.credits import Move, give_credits
from tallybook.wire.platform import present_ledger_entry
from tallybook.wire.requests.bodies import CreditsRequest
from tallybook.wire.scalebox import envelope

router = APIRouter(prefix="/v1/platform")


@router.post("/credits")
async def credits(ctx: Ctx, platform: Platform, body: CreditsRequest = body_of(CreditsRequest)) -> JSONResponse:
    entry = give_credits(ctx, platform, Move(**body.model_dump()))
    return respond(envelope.ok(present_ledger_entry(entry), at=ctx.clock.now(), status=201))
