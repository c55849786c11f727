"""The platform starts and ends sandbox sessions. Source: docs/decisions.md, "What the platform needs"."""

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from tallybook.domain.sessions import Session, SessionRequest
from tallybook.http import Ctx, NoFields, Platform, body_of, respond
from tallybook.keyed_requests import KeyedPlatform
from tallybook.services.metering.sessions import admission, end_session, start_session
from tallybook.wire.platform import present_admission, present_ended_session, present_session
from tallybook.wire.requests.bodies import StartSessionRequest
from tallybook.wire.response import Answer
from tallybook.wire.scalebox import envelope

router = APIRouter(prefix="/v1/platform")


@router.post("/sessions")
async def start(
    ctx: Ctx, platform: KeyedPlatform, body: StartSessionRequest = body_of(StartSessionRequest)
) -> JSONResponse:
    now = ctx.clock.now()  # a session that was started before is answered now

    def present(session: Session) -> Answer:
        return envelope.ok(present_session(session), at=now, status=201)

    return respond(present(start_session(ctx, platform, SessionRequest(**body.model_dump()), present=present)))


@router.post("/sessions/{session_id}/end")
async def end(ctx: Ctx, platform: Platform, session_id: str, _body: NoFields) -> JSONResponse:
    return respond(envelope.ok(present_ended_session(end_session(ctx, platform, session_id)), at=ctx.clock.now()))


@router.post("/admission")
async def admit(ctx: Ctx, platform: Platform, body: StartSessionRequest = body_of(StartSessionRequest)) -> JSONResponse:
    """Whether the session could start now, and every reason against it; nothing is written."""
    reasons = admission(ctx, platform, SessionRequest(**body.model_dump()))
    return respond(envelope.ok(present_admission(reasons), at=ctx.clock.now()))
