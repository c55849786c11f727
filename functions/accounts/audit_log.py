"""The audit log. The document has none; root users of such a system expect one."""

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from tallybook.http import Caller, Ctx, respond
from tallybook.services.audit_log import read_audit_log
from tallybook.wire import scalebox, scalebox_audit
from tallybook.wire.paging import Page, pagination

router = APIRouter(prefix="/v1/user-management")


@router.get("/audit-log")
async def audit_log(ctx: Ctx, caller: Caller, page: Page) -> JSONResponse:
    entries = read_audit_log(ctx, caller, offset=page.offset, limit=page.limit)
    shown = [scalebox_audit.entry(entry) for entry in entries]
    pages = pagination(page, total=caller.account.audits)
    return respond(scalebox.ok({"entries": shown, "pagination": pages}, at=ctx.clock.now()))
