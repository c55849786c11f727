"""All routes, read from the functions' FastAPI apps."""

import importlib
from pathlib import Path
from typing import NamedTuple

from fastapi import FastAPI
from fastapi.routing import iter_route_contexts

_FUNCTIONS = Path(__file__).parents[2] / "functions"


class Route(NamedTuple):
    method: str
    path: str


def apps() -> dict[str, FastAPI]:
    """The app of each function that answers HTTP."""
    modules = {
        file.parent.name: importlib.import_module(f"{file.parent.name}.app") for file in _FUNCTIONS.glob("*/app.py")
    }
    return {name: module.app for name, module in sorted(modules.items()) if hasattr(module, "app")}


def routes() -> list[Route]:
    """Each method and path template, sorted."""
    return sorted(
        Route(method, context.path)
        for app in apps().values()
        for context in iter_route_contexts(app.routes)
        for method in context.methods
    )
