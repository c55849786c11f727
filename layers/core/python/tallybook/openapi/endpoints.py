"""The routes of all functions, with what their FastAPI apps say about them."""

import importlib
import sys
from collections.abc import Iterator
from inspect import getclosurevars, signature
from pathlib import Path
from typing import Any, NamedTuple, get_args

from fastapi import FastAPI
from fastapi.routing import iter_route_contexts

from tallybook import keyed_requests
from tallybook.domain.credentials import PlatformCaller, Principal
from tallybook.wire.requests.bodies import RequestBody
from tallybook.wire.requests.paging import page_request
from tallybook.wire.requests.ranges import TimeRange

FUNCTIONS = Path(__file__).parents[5] / "functions"

_READS_PAGE = f"{page_request.__qualname__}.<locals>.read"


class Endpoint(NamedTuple):
    """One method of one path. `page_limit` is the default page size of a paged route; `body` its body's model."""

    method: str
    path: str
    doc: str | None
    parameters: tuple[str, ...]
    """The names in the path."""
    by_user: bool
    """Needs a user's credential."""
    by_platform: bool
    """Needs a platform key."""
    body: type[RequestBody] | None
    page_limit: int | None
    has_range: bool
    takes_key: bool
    """Takes an `Idempotency-Key`."""


def endpoints() -> tuple[Endpoint, ...]:
    """Each route, in the order of the functions' names and of their routers. HEAD repeats GET, so it is left out."""
    return tuple(endpoint for app in apps().values() for endpoint in endpoints_of(app))


def apps() -> dict[str, FastAPI]:
    """The app of each function that answers HTTP, imported from the checkout."""
    if str(FUNCTIONS) not in sys.path:
        sys.path.append(str(FUNCTIONS))
    names = sorted(file.parent.name for file in FUNCTIONS.glob("*/app.py"))
    modules = {name: importlib.import_module(f"{name}.app") for name in names}
    return {name: module.app for name, module in modules.items() if hasattr(module, "app")}


def endpoints_of(app: FastAPI) -> Iterator[Endpoint]:
    for context in iter_route_contexts(app.routes):
        for method in sorted((context.methods or set()) - {"HEAD"}):
            yield _read(method, str(context.path), context.endpoint)


def _read(method: str, path: str, call: Any) -> Endpoint:
    annotations = [parameter.annotation for parameter in signature(call, eval_str=True).parameters.values()]
    dependencies = [part.dependency for annotation in annotations for part in get_args(annotation)[1:]]
    bodies = [one for one in annotations if isinstance(one, type) and issubclass(one, RequestBody)]
    pages = [one for one in dependencies if one.__qualname__ == _READS_PAGE]
    return Endpoint(
        method=method,
        path=path,
        doc=call.__doc__,
        parameters=tuple(part[1:-1] for part in path.split("/") if part.startswith("{")),
        by_user=any(get_args(one)[:1] == (Principal,) for one in annotations),
        by_platform=any(get_args(one)[:1] == (PlatformCaller,) for one in annotations),
        body=bodies[0] if bodies else None,
        page_limit=getclosurevars(pages[0]).nonlocals["default_limit"] if pages else None,
        takes_key=any(one.__module__ == keyed_requests.__name__ for one in dependencies),
        has_range=any(get_args(one)[:1] == (TimeRange,) for one in annotations),
    )
