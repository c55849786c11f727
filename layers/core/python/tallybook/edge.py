"""A stage behind CloudFront: refuses what did not come through it, and counts the addresses that it saw."""

import json
from typing import Any

from tallybook import runtime
from tallybook.wire.requests.client_address import came_through, client_address


def refuse_or_identify(event: dict[str, Any]) -> dict[str, Any] | None:
    """The answer to a request that came past CloudFront, with a body as the gateway's own.

    None for any other request; its `sourceIp` is then the client's address. Without a secret of the edge, nothing is
    changed: the stage is not behind CloudFront.
    """
    secret = runtime.edge_secret()
    if not secret:
        return None
    headers, request = event.get("headers", {}), event["requestContext"]["http"]
    if not came_through(headers, secret):
        return _forbidden()
    request["sourceIp"] = client_address(headers, peer=request.get("sourceIp", ""))
    return None


def _forbidden() -> dict[str, Any]:
    return {
        "statusCode": 403,
        "headers": {"content-type": "application/json"},
        "body": json.dumps({"message": "Forbidden"}),
        "isBase64Encoded": False,
    }
