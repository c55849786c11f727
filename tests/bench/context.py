"""The context of the figures: the real one on an emulator's tables, with a clock that stands still."""

from dataclasses import replace
from typing import Any

from tallybook.services.context import Context
from tallybook.store.catalogs import Catalogs
from tests.support.cloud import make_context


def make_still_context(client: Any, **settings: Any) -> Context:
    """As `make_context`, with a catalog that stays fresh.

    A process reads the current catalog version once a minute; that call would count in an arbitrary figure.
    """
    ctx = make_context(client, **settings)
    return replace(ctx, catalogs=Catalogs(ctx.tables, elapsed=lambda: 0.0))
