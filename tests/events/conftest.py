"""Fixtures of the event tests: a listener, and the result of one walk through every kind of change."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from moto.dynamodb import dynamodb_backends

from tests.events.listener import Listener, listening
from tests.events.walk import walk
from tests.support.app import App
from tests.support.cloud import create_tables, make_context
from tests.support.invariants import check_invariants


@pytest.fixture
def listener(app: App) -> Iterator[Listener]:
    with listening(app) as it:
        yield it


@dataclass(frozen=True, slots=True)
class Walked:
    """The bus entries of the walk, the items it stored, and how many deliveries were left."""

    entries: list[dict[str, Any]]
    stored: list[dict[str, Any]]
    left: int

    def of(self, kind: str) -> list[dict[str, Any]]:
        """The stored items whose sort key starts with `kind`."""
        return [item for item in self.stored if item["sk"].startswith(kind)]


@pytest.fixture(scope="package")
def walked(_moto: Any) -> Walked:
    """One walk for all tests that read its result."""
    dynamodb_backends["123456789012"]["eu-west-1"].reset()
    create_tables(_moto)
    app = App(make_context(_moto), _moto)
    app.apply_catalog()
    with listening(app) as listener:
        walk(listener)
        check_invariants(app)
        return Walked(listener.entries, app.stored("core"), listener.deliver())
