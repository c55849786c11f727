"""A user's API keys. Source: docs/decisions.md, "ScaleBox"."""

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from tallybook.domain.ids import API_KEY, strip_prefix
from tallybook.http import Caller, Ctx, body_of, respond
from tallybook.keyed_requests import KeyedCaller
from tallybook.services.identity.api_keys import CreatedKey, create_api_key, list_api_keys, revoke_api_key
from tallybook.wire.requests.bodies import ApiKeyRequest
from tallybook.wire.requests.paging import Page, paged
from tallybook.wire.response import Answer
from tallybook.wire.scalebox import envelope
from tallybook.wire.scalebox.account import present_api_key, present_created_api_key

router = APIRouter(prefix="/v1/user-management/api-keys")


@router.post("")
async def create(ctx: Ctx, caller: KeyedCaller, body: ApiKeyRequest = body_of(ApiKeyRequest)) -> JSONResponse:
    def present(created: CreatedKey) -> Answer:
        return envelope.ok(present_created_api_key(created.key, created.text), at=created.key.created_at, status=201)

    created = create_api_key(ctx, caller, name=body.name, expires_at=body.expires_at, present=present)
    return respond(present(created))


@router.get("")
async def list_all(ctx: Ctx, caller: Caller, page: Page) -> JSONResponse:
    keys = [present_api_key(key) for key in list_api_keys(ctx, caller)]
    return respond(envelope.ok(paged("api_keys", keys, page), at=ctx.clock.now()))


@router.delete("/{key_id}")
async def revoke(ctx: Ctx, caller: Caller, key_id: str) -> JSONResponse:
    revoke_api_key(ctx, caller, strip_prefix(key_id, API_KEY, field="api_key_id"))
    return respond(envelope.done("API key revoked", at=ctx.clock.now()))
