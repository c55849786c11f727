"""The app of an HTTP function, the dependencies of its routes, and its Lambda handler."""

import time
from collections.abc import Callable
from typing import Annotated, Any

from aws_lambda_powertools import Logger
from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.responses import JSONResponse
from mangum import Mangum

from tallybook import runtime
from tallybook.domain.credentials import PlatformCaller, Principal
from tallybook.domain.errors import Forbidden
from tallybook.domain.idempotency import AnsweredBefore, KeyedRequest
from tallybook.edge import refuse_or_identify
from tallybook.http_errors import answer_every_error
from tallybook.services.context import Context
from tallybook.services.identity.authenticate import authenticate, check_new_platform_key
from tallybook.wire.dialects import is_platform_path
from tallybook.wire.requests.bodies import MAX_BODY_BYTES, RequestBody, read_body
from tallybook.wire.requests.content import read_content
from tallybook.wire.requests.credentials import read_credential
from tallybook.wire.requests.json_values import read_json
from tallybook.wire.requests.names import check_known
from tallybook.wire.response import Answer

_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

# No route uses these headers. The values are fixed because Mangum and Starlette fail on malformed ones.
_FIXED_HEADERS = {"host": "localhost", "x-forwarded-proto": "https", "x-forwarded-port": "443"}

_ANSWER_HEADERS = {"cache-control": "no-store", "x-content-type-options": "nosniff"}
_HTTPS_ONLY = {"strict-transport-security": "max-age=31536000"}

logger = Logger()


def make_app(*routers: APIRouter) -> FastAPI:
    """An app of these routes that answers every error in the dialect of its path."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False)
    for router in routers:
        app.include_router(router)
    answer_every_error(app)
    app.add_exception_handler(AnsweredBefore, _answer_again)
    return app


def respond(answer: Answer) -> JSONResponse:
    return JSONResponse(answer.body, status_code=answer.status, headers=dict(answer.headers))


def lambda_handler(app: FastAPI) -> Callable[[dict[str, Any], Any], dict[str, Any]]:
    """The Lambda handler. It logs one line a request, without query, headers and bodies, which contain secrets.

    HEAD is answered as GET, without the body.
    """
    adapter = Mangum(app, lifespan="off")

    def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
        began = time.perf_counter()
        logger.append_keys(request_id=getattr(context, "aws_request_id", None))
        headers = event.get("headers", {})
        request = event.get("requestContext", {}).get("http", {})
        is_head = request.get("method") == "HEAD"
        answer: dict[str, Any] = refuse_or_identify(event) or adapter(
            {**(_as_get(event) if is_head else event), "headers": {**headers, **_FIXED_HEADERS}}, context
        )
        answer["headers"] |= _ANSWER_HEADERS
        if headers.get("x-forwarded-proto") == "https":  # set by API Gateway; the local bundle has no https
            answer["headers"] |= _HTTPS_ONLY
        if is_head:
            answer |= {"body": "", "isBase64Encoded": False}
        logger.info(
            "request",
            extra={
                "method": request.get("method"),
                "path": request.get("path"),
                "ip": request.get("sourceIp"),
                "status": answer.get("statusCode"),
                "milliseconds": round((time.perf_counter() - began) * 1000, 1),
            },
        )
        return answer

    runtime.prepare()
    return handler


def _as_get(event: dict[str, Any]) -> dict[str, Any]:
    context = event["requestContext"]
    return {**event, "requestContext": {**context, "http": {**context["http"], "method": "GET"}}}


async def _context() -> Context:
    return runtime.context()


async def _caller(request: Request, ctx: Annotated[Context, Depends(_context)]) -> Principal:
    return identify_caller(request, ctx)


async def _platform(request: Request, ctx: Annotated[Context, Depends(_context)]) -> PlatformCaller:
    return identify_platform(request, ctx)


def identify_caller(request: Request, ctx: Context, keyed: KeyedRequest | None = None) -> Principal:
    """The user who calls, by any credential. With the cookie, a change needs an allowed origin."""
    credential = read_credential(request.headers, request.cookies)
    if credential.by_cookie and request.method not in _SAFE_METHODS:
        check_origin(request)
    return authenticate(ctx, credential.text, address=_address_of(request), keyed=keyed)


def identify_platform(request: Request, ctx: Context, keyed: KeyedRequest | None = None) -> PlatformCaller:
    """The platform by its key. The service checks the key again, with its scope, in its first read.

    Its paths have no query parameters, so any is refused.
    """
    platform = PlatformCaller(read_credential(request.headers, {}).text, _address_of(request), keyed)
    check_new_platform_key(ctx, platform)
    check_known(request.query_params, (), kind="parameter")
    return platform


async def _address(request: Request) -> str:
    return _address_of(request)


def _address_of(request: Request) -> str:
    """The network address that API Gateway saw, or behind CloudFront the one that CloudFront saw.

    Headers of a client can't change it.
    """
    return request.client.host if request.client else ""


Ctx = Annotated[Context, Depends(_context)]
Caller = Annotated[Principal, Depends(_caller)]
Address = Annotated[str, Depends(_address)]
Platform = Annotated[PlatformCaller, Depends(_platform)]


def body_of(model: type[RequestBody]) -> Any:
    """The JSON body as the model: its size is checked before it is parsed, its counts before its values are read.

    Routes declare it after the caller, so that an unknown caller gets 401, not 400.
    """

    async def read(request: Request) -> RequestBody:
        data = read_json(await content_of(request, most=MAX_BODY_BYTES))
        return read_body(model, data, refuse_unknown=is_platform_path(request.scope["path"]))

    return Depends(read)


async def _no_fields(request: Request) -> None:
    content = await content_of(request, most=MAX_BODY_BYTES)
    if content.strip():
        read_body(RequestBody, read_json(content), refuse_unknown=True)


NoFields = Annotated[None, Depends(_no_fields)]
"""For a path of the platform that takes no fields: no body, or an empty object."""


async def content_of(request: Request, *, most: int) -> bytes:
    """The request's body without its Content-Encoding; errors as in `read_content`."""
    return read_content(await request.body(), request.headers.get("content-encoding", ""), most=most)


def may_use_cookie(request: Request) -> bool:
    """Whether the request comes from an allowed origin, or not from a web page at all."""
    return request.headers.get("origin") in (None, *runtime.allowed_origins())


def check_origin(request: Request) -> None:
    if request.headers.get("origin") not in runtime.allowed_origins():
        raise Forbidden(
            "With the session cookie, a change needs the header Origin, with an origin that is allowed",
            code="origin_not_allowed",
        )


async def _answer_again(_: Request, before: Any) -> JSONResponse:
    """The kept answer of an AnsweredBefore."""
    return respond(Answer(before.answer.status, before.answer.body, {"Idempotent-Replayed": "true"}))
