"""The context of the figures: the real one on the tables of an emulator, in which no minute passes."""

from dataclasses import replace
from typing import Any

from tallybook.services.context import Context
from tallybook.store.catalogs import Catalogs
from tests.support.cloud import make_context


def make_still_context(client: Any, **settings: Any) -> Context:
    """As `make_context`, with a catalog that stays fresh.

    A process asks once a minute which catalog is current; that call would count in whichever figure it falls into.
    """
    ctx = make_context(client, **settings)
    return replace(ctx, catalogs=Catalogs(ctx.tables, elapsed=lambda: 0.0))
