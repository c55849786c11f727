"""Root users allocate quotas to users. Source: ScaleBox account management, "User Quota Administration"."""

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from tallybook.domain.ids import ALLOCATION, strip_prefix
from tallybook.domain.quotas import Allocation
from tallybook.http import Caller, Ctx, body_of, respond
from tallybook.keyed_requests import KeyedCaller
from tallybook.services.quotas.allocations import (
    allocate,
    change_allocation,
    list_allocations,
    remove_allocation,
    revoke_allocation,
)
from tallybook.services.quotas.user_quota import read_allocation_quota
from tallybook.wire.requests.bodies import AllocationRequest, QuotaFields, sent_fields
from tallybook.wire.requests.paging import Page, paged
from tallybook.wire.requests.queries import boolean
from tallybook.wire.response import Answer
from tallybook.wire.scalebox import envelope
from tallybook.wire.scalebox.quotas import present_allocation, present_usage

router = APIRouter(prefix="/v1/user-management/quota-allocations")


@router.get("")
async def list_all(request: Request, ctx: Ctx, caller: Caller, page: Page) -> JSONResponse:
    inactive = boolean(request, "include_inactive")
    rows = [present_allocation(one) for one in list_allocations(ctx, caller, include_inactive=inactive)]
    return respond(envelope.ok(paged("allocations", rows, page), at=ctx.clock.now()))


@router.post("")
async def create(ctx: Ctx, caller: KeyedCaller, body: AllocationRequest = body_of(AllocationRequest)) -> JSONResponse:
    def present(created: Allocation) -> Answer:
        return envelope.ok({"allocation": present_allocation(created)}, at=created.created_at, status=201)

    quota = body.model_dump(exclude={"user_id"})
    return respond(present(allocate(ctx, caller, body.user_id, quota, present=present)))


@router.put("/{allocation_id}")
async def change(
    ctx: Ctx, caller: Caller, allocation_id: str, body: QuotaFields = body_of(QuotaFields)
) -> JSONResponse:
    changed = change_allocation(ctx, caller, _id(allocation_id), sent_fields(body))
    return respond(envelope.ok({"allocation": present_allocation(changed)}, at=ctx.clock.now()))


@router.delete("/{allocation_id}")
async def delete(ctx: Ctx, caller: Caller, allocation_id: str) -> JSONResponse:
    remove_allocation(ctx, caller, _id(allocation_id))
    return respond(envelope.done("Quota allocation deleted", at=ctx.clock.now()))


@router.post("/{allocation_id}/revoke")
async def revoke(ctx: Ctx, caller: Caller, allocation_id: str) -> JSONResponse:
    revoked = revoke_allocation(ctx, caller, _id(allocation_id))
    return respond(envelope.ok({"allocation": present_allocation(revoked)}, at=ctx.clock.now()))


@router.get("/{allocation_id}/usage")
async def usage(ctx: Ctx, caller: Caller, allocation_id: str) -> JSONResponse:
    used = read_allocation_quota(ctx, caller, _id(allocation_id))
    return respond(envelope.ok(present_usage(used), at=ctx.clock.now()))


def _id(text: str) -> str:
    return strip_prefix(text, ALLOCATION, field="allocation_id")
