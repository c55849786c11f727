"""The budget of the caller's account, for root users. Source: docs/decisions.md, "Budgets"."""

from typing import Annotated

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from tallybook.domain.budget_status import BudgetStatus
from tallybook.http import Caller, Ctx, body_of, respond
from tallybook.keyed_requests import KeyedCaller
from tallybook.services.budgets.budget import change_budget, create_budget, remove_budget
from tallybook.services.budgets.status import budget_forecast, budget_status, list_messages
from tallybook.wire.requests.budget_bodies import BudgetChangeRequest, BudgetRequest, budget_terms
from tallybook.wire.requests.paging import PageRequest, page_request, pagination
from tallybook.wire.response import Answer
from tallybook.wire.scalebox import envelope
from tallybook.wire.scalebox.budgets import present_budget, present_budget_message, present_budget_status

router = APIRouter(prefix="/v1/budgets")

_Page = Annotated[PageRequest, page_request(20)]


@router.get("")
async def read(ctx: Ctx, caller: Caller) -> JSONResponse:
    found = budget_status(ctx, caller)
    return respond(envelope.ok(found and present_budget(found), at=ctx.clock.now()))


@router.post("")
async def create(ctx: Ctx, caller: KeyedCaller, body: BudgetRequest = body_of(BudgetRequest)) -> JSONResponse:
    def present(created: BudgetStatus) -> Answer:
        return envelope.ok(present_budget(created), at=created.budget.created_at, status=201)

    return respond(present(create_budget(ctx, caller, budget_terms(body), present=present)))


@router.put("")
async def change(ctx: Ctx, caller: Caller, body: BudgetChangeRequest = body_of(BudgetChangeRequest)) -> JSONResponse:
    changed = change_budget(ctx, caller, budget_terms(body))
    return respond(envelope.ok(present_budget(changed), at=ctx.clock.now()))


@router.delete("")
async def delete(ctx: Ctx, caller: Caller) -> JSONResponse:
    remove_budget(ctx, caller)
    return respond(envelope.done("Budget deleted", at=ctx.clock.now()))


@router.get("/status")
async def status(ctx: Ctx, caller: Caller) -> JSONResponse:
    found = budget_status(ctx, caller)
    presented = found and present_budget_status(found, budget_forecast(ctx, found))
    return respond(envelope.ok(presented, at=ctx.clock.now()))


@router.get("/messages")
async def messages(ctx: Ctx, caller: Caller, page: _Page) -> JSONResponse:
    found, total = list_messages(ctx, caller, offset=page.offset, limit=page.limit)
    presented = {
        "messages": [present_budget_message(message) for message in found],
        "pagination": pagination(page, total=total),
    }
    return respond(envelope.ok(presented, at=ctx.clock.now()))
