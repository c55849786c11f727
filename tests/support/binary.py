"""Binary attributes, which moto stores as the base64 that the wire has."""

from base64 import b64decode
from typing import Any


def decode_binary(value: dict[str, Any]) -> dict[str, Any]:
    """An attribute's value in typed JSON, with bytes instead of base64 if it is binary."""
    return {"B": b64decode(value["B"])} if isinstance(value.get("B"), str) and len(value) == 1 else value
