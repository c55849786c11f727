"""The operator's catalog: applied by command, pinned by periods."""

from collections.abc import Mapping
from typing import Any

from tallybook.domain.catalog import Catalog
from tallybook.domain.times import stamp
from tallybook.services.context import Context


def apply_catalog(ctx: Context, data: Mapping[str, Any]) -> Catalog:
    """Make checked catalog data the current version; the same data again changes nothing."""
    return ctx.catalogs.apply(data, applied_at=stamp(ctx.clock.now()))
