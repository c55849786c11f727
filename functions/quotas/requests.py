"""Users file quota requests, and root users review them.

Source: docs/decisions.md, "Quota requests"; ScaleBox account management, "Review Team Quota Requests".
"""

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from tallybook.domain.ids import QUOTA_REQUEST, strip_prefix
from tallybook.domain.quotas import QuotaRequest, RequestStatus
from tallybook.http import Caller, Ctx, body_of, respond
from tallybook.keyed_requests import KeyedCaller
from tallybook.services.quotas.requests import (
    change_request,
    file_request,
    list_own_requests,
    list_requests,
    withdraw_request,
)
from tallybook.services.quotas.reviews import review_request
from tallybook.wire.requests.bodies import ChangeQuotaRequest, FileQuotaRequest, ReviewRequest, sent_fields
from tallybook.wire.requests.paging import Page, paged
from tallybook.wire.requests.queries import one_of
from tallybook.wire.response import Answer
from tallybook.wire.scalebox import envelope
from tallybook.wire.scalebox.quotas import present_request

router = APIRouter(prefix="/v1")

_OWN = "/usage/quota-requests"
_TEAM = "/user-management/quota-requests"
_STATUSES: tuple[RequestStatus, ...] = ("pending", "approved", "denied")


@router.post(_OWN)
async def file(ctx: Ctx, caller: KeyedCaller, body: FileQuotaRequest = body_of(FileQuotaRequest)) -> JSONResponse:
    def present(filed: QuotaRequest) -> Answer:
        return envelope.ok({"request": present_request(filed)}, at=filed.created_at, status=201)

    quota = body.model_dump(exclude={"reason"})
    return respond(present(file_request(ctx, caller, quota, reason=body.reason, present=present)))


@router.get(_OWN)
async def own(request: Request, ctx: Ctx, caller: Caller, page: Page) -> JSONResponse:
    rows = list_own_requests(ctx, caller, status=one_of(request, "status", _STATUSES))
    body = paged("requests", [present_request(one) for one in rows], page)
    return respond(envelope.ok(body, at=ctx.clock.now()))


@router.put(_OWN + "/{request_id}")
async def change(
    ctx: Ctx, caller: Caller, request_id: str, body: ChangeQuotaRequest = body_of(ChangeQuotaRequest)
) -> JSONResponse:
    quota = sent_fields(body)
    reason = quota.pop("reason", None)
    changed = change_request(ctx, caller, _id(request_id), quota, reason=reason)
    return respond(envelope.ok({"request": present_request(changed)}, at=ctx.clock.now()))


@router.delete(_OWN + "/{request_id}")
async def withdraw(ctx: Ctx, caller: Caller, request_id: str) -> JSONResponse:
    withdraw_request(ctx, caller, _id(request_id))
    return respond(envelope.done("Quota request withdrawn", at=ctx.clock.now()))


@router.get(_TEAM)
async def team(request: Request, ctx: Ctx, caller: Caller, page: Page) -> JSONResponse:
    rows = list_requests(ctx, caller, status=one_of(request, "status", _STATUSES))
    body = paged("requests", [present_request(one) for one in rows], page)
    return respond(envelope.ok(body, at=ctx.clock.now()))


@router.post(_TEAM + "/{request_id}/review")
async def review(
    ctx: Ctx, caller: Caller, request_id: str, body: ReviewRequest = body_of(ReviewRequest)
) -> JSONResponse:
    reviewed = review_request(ctx, caller, _id(request_id), body.action, notes=body.review_notes)
    return respond(envelope.ok({"request": present_request(reviewed)}, at=ctx.clock.now()))


def _id(text: str) -> str:
    return strip_prefix(text, QUOTA_REQUEST, field="request_id")
