"""Usage events in. Source: decisions, "What the documents presume"."""

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from tallybook.http import Ctx, Platform, respond
from tallybook.services.identity.authenticate import authorize_platform
from tallybook.services.metering.ingest import account_keys, record_usage
from tallybook.wire import platform, scalebox
from tallybook.wire.cloudevents import read_events

router = APIRouter(prefix="/v1/platform")


@router.post("/events")
async def events(request: Request, ctx: Ctx, who: Platform) -> JSONResponse:
    submitted = read_events(await request.body())
    _, accounts = authorize_platform(ctx, who, "usage:write", also=account_keys(submitted))
    results = record_usage(ctx, submitted, accounts)
    return respond(scalebox.ok(platform.results(results), at=ctx.clock.now()))
