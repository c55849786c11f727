"""The emulated cloud's saved state, mended where its restart would lose something."""

import json
from pathlib import Path

_POSITIONS = "dynamodb_stream_positions"


def forget_stream_positions(state: Path) -> None:
    """A stop drops what a stream has not delivered but keeps how far it had read; without that it starts anew."""
    path = state / "lambda.json"
    if not path.exists():
        return
    saved = json.loads(path.read_text())
    payload = saved.get("payload", saved)
    positions = payload.get(_POSITIONS)
    if positions and positions.get("data"):
        positions["data"] = {}
        fresh = path.with_suffix(".new")
        fresh.write_text(json.dumps(saved))
        fresh.replace(path)
