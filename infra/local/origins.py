"""The web origins whose pages may call the local API, beside its own: `ORIGINS=http://localhost:3000 make run`."""

import os
import re

from infra.local.state_dir import CannotStart

_ORIGIN = re.compile(r"https?://[a-z0-9.-]+(:\d{1,5})?")


def other_origins() -> tuple[str, ...]:
    """Those in the variable ORIGINS, with commas between them."""
    origins = tuple(text.strip() for text in os.environ.get("ORIGINS", "").split(",") if text.strip())
    for origin in origins:
        if not _ORIGIN.fullmatch(origin):
            raise CannotStart(f"ORIGINS has origins like http://localhost:3000, without a path, not {origin!r}")
    return origins
