"""What must leave: each outbox item as it appears, and every few minutes what was left."""

from typing import Any

from aws_lambda_powertools import Logger

from tallybook import runtime

logger = Logger()


def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    logger.info("outbox", extra={"records": len(event.get("Records", []))})
    return {}


runtime.prepare()
