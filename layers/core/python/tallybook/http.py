"""The app of an HTTP function, the dependencies of its routes, and its Lambda handler.

Every error is answered in the dialect of the path; the details of an internal error are only logged.
"""

import time
from collections.abc import Callable
from typing import Annotated, Any

from aws_lambda_powertools import Logger
from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from mangum import Mangum
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Receive, Scope, Send

from tallybook import runtime
from tallybook.domain.credentials import PlatformCaller, Principal
from tallybook.domain.errors import (
    Failed,
    Forbidden,
    Invalid,
    NotAllowed,
    NotFound,
    TallybookError,
    TooLarge,
    Unavailable,
)
from tallybook.domain.idempotency import AnsweredBefore, KeyedRequest
from tallybook.services.context import Context
from tallybook.services.identity.authenticate import authenticate, check_new_platform_key
from tallybook.wire.dialects import error_presenter
from tallybook.wire.requests.bodies import MAX_BODY_BYTES, RequestBody, read_body
from tallybook.wire.requests.cloudevents import read_json
from tallybook.wire.requests.credentials import read_credential
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
    app.add_middleware(_InternalErrors)
    app.add_exception_handler(AnsweredBefore, _answer_again)
    app.add_exception_handler(TallybookError, _answer_error)
    app.add_exception_handler(HTTPException, _answer_error)
    app.add_exception_handler(RequestValidationError, _answer_error)
    return app


def respond(answer: Answer) -> JSONResponse:
    return JSONResponse(answer.body, status_code=answer.status, headers=dict(answer.headers))


def lambda_handler(app: FastAPI) -> Callable[[dict[str, Any], Any], dict[str, Any]]:
    """The Lambda handler. It logs one line a request, without query, headers and bodies, which contain secrets."""
    adapter = Mangum(app, lifespan="off")

    def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
        began = time.perf_counter()
        headers = event.get("headers", {})
        answer: dict[str, Any] = adapter({**event, "headers": {**headers, **_FIXED_HEADERS}}, context)
        answer["headers"] |= _ANSWER_HEADERS
        if headers.get("x-forwarded-proto") == "https":  # set by API Gateway; the local bundle has no https
            answer["headers"] |= _HTTPS_ONLY
        request = event.get("requestContext", {}).get("http", {})
        logger.info(
            "request",
            extra={
                "method": request.get("method"),
                "path": request.get("path"),
                "status": answer.get("statusCode"),
                "milliseconds": round((time.perf_counter() - began) * 1000, 1),
                "request_id": getattr(context, "aws_request_id", None),
            },
        )
        return answer

    runtime.prepare()
    return handler


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
    """The platform by its key. The service checks the key again, with its scope, in its first read."""
    platform = PlatformCaller(read_credential(request.headers, {}).text, _address_of(request), keyed)
    check_new_platform_key(ctx, platform)
    return platform


async def _address(request: Request) -> str:
    return _address_of(request)


def _address_of(request: Request) -> str:
    """The network address that API Gateway saw. Headers can't change it."""
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
        body = await request.body()
        if len(body) > MAX_BODY_BYTES:
            raise TooLarge(f"The request body must be at most {MAX_BODY_BYTES} bytes")
        return read_body(model, read_json(body))

    return Depends(read)


def may_use_cookie(request: Request) -> bool:
    """Whether the request comes from an allowed origin, or not from a web page at all."""
    return request.headers.get("origin") in (None, *runtime.allowed_origins())


def check_origin(request: Request) -> None:
    if request.headers.get("origin") not in runtime.allowed_origins():
        raise Forbidden("This origin is not allowed", code="origin_not_allowed")


class _InternalErrors:
    """Logs an unexpected exception with its trace, and answers with a 500 without details."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        try:
            await self._app(scope, receive, send)
        except Exception:
            logger.exception("unhandled", extra={"path": scope["path"], "method": scope["method"]})
            error = Failed("Something went wrong on our side")
            await _present_error(scope["path"], error)(scope, receive, send)
        return None


async def _answer_again(_: Request, before: Any) -> JSONResponse:
    """The kept answer of an AnsweredBefore."""
    return respond(Answer(before.answer.status, before.answer.body, {"Idempotent-Replayed": "true"}))


async def _answer_error(request: Request, error: Exception) -> JSONResponse:
    ours = _to_tallybook_error(error)
    if isinstance(ours, Failed | Unavailable):
        logger.error("failed", exc_info=error, extra={"path": request.url.path, "method": request.method})
    return _present_error(request.url.path, ours)


def _to_tallybook_error(error: Exception) -> TallybookError:
    if isinstance(error, TallybookError):
        return error
    if isinstance(error, RequestValidationError):
        problem = error.errors()[0]
        field = str(problem["loc"][-1])
        return Invalid(f"{field}: {problem['msg']}", field=field)
    if isinstance(error, HTTPException) and error.status_code == 405:
        return NotAllowed("This method is not allowed here")
    if isinstance(error, HTTPException) and error.status_code == 404:
        return NotFound("There is nothing at this path")
    return Invalid("The request can't be read")


def _present_error(path: str, error: TallybookError) -> JSONResponse:
    return respond(error_presenter(path)(error, at=runtime.context().clock.now()))
