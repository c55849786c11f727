"""The hello-worlds have every function and route; `make bench` counts their instructions."""

from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts

from infra.groups import GROUPS
from tests.bench.hello_world import HELLO_JOBS, hello_http
from tests.support.routes import apps


def routes_of(app: FastAPI) -> list[tuple[str, tuple[str, ...]]]:
    return [(route.path, tuple(sorted(route.methods))) for route in iter_route_contexts(app.routes)]


@pytest.mark.parametrize("function", apps())
def test_hello_world_has_every_route_of_its_function(function: str) -> None:
    app = apps()[function]
    module: dict[str, Any] = {"__name__": "hello"}
    exec(compile(hello_http(app), "hello.py", "exec"), module)  # noqa: S102 our own text
    assert routes_of(module["app"]) == routes_of(app)


def test_hello_world_reads_the_bodies_of_its_function() -> None:
    text = hello_http(apps()["budgets"])
    assert text.count("(BaseModel):") == text.count("body: ") == 2


def test_every_function_has_a_hello_world() -> None:
    assert {*apps(), *HELLO_JOBS} == {group.name for group in GROUPS}
