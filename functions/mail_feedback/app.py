"""What became of mails: bounces and complaints, as SES tells them."""

from typing import Any

from aws_lambda_powertools import Logger

from tallybook import runtime

logger = Logger()


def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    logger.info("mail feedback", extra={"records": len(event.get("Records", []))})
    return {}


runtime.prepare()
