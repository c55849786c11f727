"""Repairs the saved state of the emulated cloud before a restart."""

import json
from pathlib import Path

from tallybook.gateways.private_files import replace_private

_POSITIONS = "dynamodb_stream_positions"


def forget_stream_positions(state: Path) -> None:
    """Let streams start from their beginning: the saved positions may be after records that were not delivered."""
    path = state / "lambda.json"
    if not path.exists():
        return
    saved = json.loads(path.read_text())
    payload = saved.get("payload", saved)
    positions = payload.get(_POSITIONS)
    if positions and positions.get("data"):
        positions["data"] = {}
        replace_private(path, json.dumps(saved).encode())
