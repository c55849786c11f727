"""The callers of the routes that take an `Idempotency-Key`: POSTs that, sent again, would make a second change.

Source: docs/api.md, "Sending a POST again".
"""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import Depends, Request

from tallybook.domain.credentials import PlatformCaller, Principal
from tallybook.domain.errors import TallybookError
from tallybook.domain.idempotency import HEADER, KeyedRequest, check_idempotency_key, keyed_request
from tallybook.http import Ctx, content_of, identify_caller, identify_platform
from tallybook.services.kept_answers import answered_meanwhile
from tallybook.wire.requests.bodies import MAX_BODY_BYTES
from tallybook.wire.requests.credentials import read_credential


async def _caller(request: Request, ctx: Ctx) -> AsyncIterator[Principal]:
    keyed = await _keyed(request)
    principal = identify_caller(request, ctx, keyed)
    check_idempotency_key(request.headers.get(HEADER))  # later, so that an unknown caller gets 401
    with answered_meanwhile(ctx, keyed):
        yield principal


async def _platform(request: Request, ctx: Ctx) -> AsyncIterator[PlatformCaller]:
    keyed = await _keyed(request)
    platform = identify_platform(request, ctx, keyed)
    check_idempotency_key(request.headers.get(HEADER))
    with answered_meanwhile(ctx, keyed):
        yield platform


async def _keyed(request: Request) -> KeyedRequest | None:
    key = request.headers.get(HEADER)
    if key is None:
        return None
    credential = read_credential(request.headers, request.cookies).text
    content = await _content(request)
    return keyed_request(key, credential=credential, method=request.method, path=request.url.path, body=content)


async def _content(request: Request) -> bytes:
    """The body before it was compressed, because a client may compress it for each attempt, with another date in it.

    Empty if it can't be read: the route refuses it after the caller is known.
    """
    try:
        return await content_of(request, most=MAX_BODY_BYTES)
    except TallybookError:
        return b""


KeyedCaller = Annotated[Principal, Depends(_caller)]
KeyedPlatform = Annotated[PlatformCaller, Depends(_platform)]
