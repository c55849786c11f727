"""Sandbox sessions, started and ended. Source: decisions, "What the documents presume"."""

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from tallybook.http import Ctx, Platform, body_of, respond
from tallybook.services.run_sessions import Wanted, end_session, start_session
from tallybook.wire import platform, scalebox
from tallybook.wire.forms import SessionForm

router = APIRouter(prefix="/v1/platform/sessions")


@router.post("")
async def start(ctx: Ctx, who: Platform, form: SessionForm = body_of(SessionForm)) -> JSONResponse:
    session = start_session(ctx, who, Wanted(**form.model_dump()))
    return respond(scalebox.ok(platform.started(session), at=ctx.clock.now(), status=201))


@router.post("/{session_id}/end")
async def end(ctx: Ctx, who: Platform, session_id: str) -> JSONResponse:
    return respond(scalebox.ok(platform.ended(end_session(ctx, who, session_id)), at=ctx.clock.now()))
