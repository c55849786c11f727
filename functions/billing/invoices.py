"""Invoices: a page, one by its id, and the draft of the open period. Source: ScaleBox billing."""

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from tallybook.domain.ids import INVOICE, strip_prefix
from tallybook.http import Caller, Ctx, respond
from tallybook.services.billing.draft_invoice import draft_invoice
from tallybook.services.billing.invoices import find_invoice, list_invoices
from tallybook.wire.requests.paging import Page, pagination
from tallybook.wire.scalebox import envelope
from tallybook.wire.scalebox.invoices import present_invoice, present_invoices

router = APIRouter(prefix="/v1/billing")


@router.get("/invoices")
async def invoices(ctx: Ctx, caller: Caller, page: Page) -> JSONResponse:
    found = list_invoices(ctx, caller.account, offset=page.offset, limit=page.limit)
    body = present_invoices(found, pagination(page, total=caller.account.counts.invoice_count))
    return respond(envelope.ok(body, at=ctx.clock.now()))


@router.get("/invoices/{invoice_id}")
async def invoice(ctx: Ctx, caller: Caller, invoice_id: str) -> JSONResponse:
    found = find_invoice(ctx, strip_prefix(invoice_id, INVOICE, field="invoice_id"), owner=caller.account)
    return respond(envelope.ok(present_invoice(found), at=ctx.clock.now()))


@router.post("/invoice/generate")
async def generate(ctx: Ctx, caller: Caller) -> JSONResponse:
    draft = draft_invoice(ctx, caller)
    return respond(envelope.ok(present_invoice(draft), at=ctx.clock.now()))
