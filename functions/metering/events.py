"""The platform sends usage events. Source: docs/decisions.md, "What the platform needs"."""

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from tallybook.http import Ctx, Platform, content_of, respond
from tallybook.services.identity.authenticate import authorize_platform
from tallybook.services.metering.ingest import account_keys, record_usage
from tallybook.services.metering.refuse_sources import refuse_sources
from tallybook.wire.requests.cloudevents import MAX_BYTES
from tallybook.wire.requests.http_events import allow_origin, read_request
from tallybook.wire.scalebox import envelope

router = APIRouter(prefix="/v1/platform")


@router.post("/events")
async def events(request: Request, ctx: Ctx, platform: Platform) -> JSONResponse:
    submitted = read_request(request.headers, await content_of(request, most=MAX_BYTES))
    key, accounts = authorize_platform(ctx, platform, "usage:write", also=account_keys(submitted))
    results = record_usage(ctx, refuse_sources(submitted, key), accounts, key_id=key.id)
    return respond(envelope.ok(envelope.results(results), at=ctx.clock.now()))


@router.options("/events")
async def handshake(request: Request) -> Response:
    return Response(status_code=204, headers=allow_origin(request.headers))
