"""The audit log, for root users. It is an addition of ours: the API documents have none."""

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from tallybook.http import Caller, Ctx, respond
from tallybook.services.audit_log import read_audit_log
from tallybook.wire.requests.paging import Page, pagination
from tallybook.wire.scalebox import envelope
from tallybook.wire.scalebox.audit import present_audit_entry

router = APIRouter(prefix="/v1/user-management")


@router.get("/audit-log")
async def audit_log(ctx: Ctx, caller: Caller, page: Page) -> JSONResponse:
    entries = read_audit_log(ctx, caller, offset=page.offset, limit=page.limit)
    presented = [present_audit_entry(entry) for entry in entries]
    pages = pagination(page, total=caller.account.counts.audit_count)
    return respond(envelope.ok({"entries": presented, "pagination": pages}, at=ctx.clock.now()))
