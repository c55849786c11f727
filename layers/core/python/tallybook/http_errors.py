"""Answers every error of an app in the dialect of its path, with the headers that belong to the status.

The details of an internal error are only logged.
"""

from aws_lambda_powertools import Logger
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.routing import iter_route_contexts
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Receive, Scope, Send

from tallybook import runtime
from tallybook.domain.credentials import InvalidCredential
from tallybook.domain.errors import (
    Failed,
    Invalid,
    NotAllowed,
    NotFound,
    TallybookError,
    Unauthenticated,
    Unavailable,
)
from tallybook.wire.dialects import error_presenter
from tallybook.wire.requests.credentials import challenges, explain_refusal

logger = Logger()


def answer_every_error(app: FastAPI) -> None:
    app.add_middleware(_InternalErrors)
    app.add_exception_handler(TallybookError, _answer_error)
    app.add_exception_handler(HTTPException, _answer_error)
    app.add_exception_handler(RequestValidationError, _answer_error)


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


async def _answer_error(request: Request, error: Exception) -> Response:
    ours = _to_tallybook_error(request, error)
    if isinstance(ours, Failed | Unavailable):
        logger.error("failed", exc_info=error, extra={"path": request.url.path, "method": request.method})
    if isinstance(ours, NotFound) and _is_preflight(request):
        return Response(status_code=204)  # or the page could not read the 404 of its request
    if isinstance(ours, NotAllowed) and request.method == "OPTIONS":
        return Response(status_code=204, headers={"Allow": ", ".join(ours.allowed)})
    return _present_error(request.url.path, ours)


def _is_preflight(request: Request) -> bool:
    """Whether a browser asks if a page may send a request. Source: Fetch Standard, "CORS-preflight request"."""
    return request.method == "OPTIONS" and {"origin", "access-control-request-method"} <= set(request.headers)


def _to_tallybook_error(request: Request, error: Exception) -> TallybookError:
    if isinstance(error, InvalidCredential):
        return Unauthenticated(explain_refusal(request.url.path, request.headers, request.cookies))
    if isinstance(error, NotAllowed) or (isinstance(error, HTTPException) and error.status_code == 405):
        return NotAllowed("This method is not allowed here", allowed=_allowed_methods(request))
    if isinstance(error, TallybookError):
        return error
    if isinstance(error, RequestValidationError):
        problem = error.errors()[0]
        field = str(problem["loc"][-1])
        return Invalid(f"{field}: {problem['msg']}", field=field)
    if isinstance(error, HTTPException) and error.status_code == 404:
        return NotFound("There is nothing at this path")
    return Invalid("The request can't be read")


def _allowed_methods(request: Request) -> tuple[str, ...]:
    """The methods of the first path template that matches, and those that every such path has; never the refused one.

    The framework's own list has the methods of one route only.
    """
    contexts = list(iter_route_contexts(request.app.routes))
    template = next(one.path for one in contexts if one.path_regex.match(request.scope["path"]))
    methods = {"OPTIONS"}.union(*(one.methods or () for one in contexts if one.path == template))
    if "GET" in methods:
        methods.add("HEAD")
    return tuple(sorted(methods - ({request.method} - {"OPTIONS"})))


def _present_error(path: str, error: TallybookError) -> JSONResponse:
    answer = error_presenter(path, page_url=runtime.page_url())(error, at=runtime.context().clock.now())
    challenge = {"WWW-Authenticate": challenges(path)} if isinstance(error, Unauthenticated) else {}
    return JSONResponse(answer.body, status_code=answer.status, headers={**answer.headers, **challenge})
