"""Suppress addresses for which SES reports a permanent bounce or a complaint."""

import json
from typing import Any

from aws_lambda_powertools import Logger

from tallybook import runtime
from tallybook.mail_hooks import HOOKS
from tallybook.services.outbox.suppressions import note_bounce, suppress_addresses

logger = Logger()


def handler(event: dict[str, Any], _context: Any) -> dict[str, int]:
    """Handle SNS notifications, each with an SES event as JSON; return the number of suppressed addresses.

    Source: SES, "Contents of event data that SES publishes to SNS".
    """
    count = 0
    for record in event["Records"]:
        count += _suppress(_read(record["Sns"]["Message"]))
    logger.info("mail feedback", extra={"suppressed": count})
    return {"suppressed": count}


def _read(message: str) -> dict[str, Any]:
    """The event; empty if the message is none, like the text that SES sends when it is subscribed to the topic."""
    try:
        event = json.loads(message)
    except ValueError:
        logger.warning("not an event of SES", extra={"length": len(message)})
        return {}
    return event if isinstance(event, dict) else {}


def _suppress(event: dict[str, Any]) -> int:
    """Suppress permanently. A transient bounce, like a full mailbox, is only recorded on the mail."""
    ctx = runtime.context()
    match event.get("eventType") or event.get("notificationType"):
        case "Bounce":
            addresses = [recipient["emailAddress"] for recipient in event["bounce"]["bouncedRecipients"]]
            for item_id in event["mail"].get("tags", {}).get("item", ()):
                note_bounce(ctx, HOOKS, item_id, _unreached(event["bounce"]))
            if event["bounce"]["bounceType"] == "Permanent":
                return suppress_addresses(ctx, addresses, reason="bounce")
        case "Complaint" if event["complaint"].get("complaintFeedbackType") != "not-spam":
            addresses = [recipient["emailAddress"] for recipient in event["complaint"]["complainedRecipients"]]
            return suppress_addresses(ctx, addresses, reason="complaint")
    return 0


def _unreached(bounce: dict[str, Any]) -> list[str]:
    """The addresses that never got the mail.

    Most transient general bounces are automatic replies to a mail that arrived. So they only count for recipients
    that the mail server reports as failed.
    """
    may_be_reply = (bounce["bounceType"], bounce.get("bounceSubType")) == ("Transient", "General")
    recipients = bounce["bouncedRecipients"]
    return [one["emailAddress"] for one in recipients if not may_be_reply or one.get("action") == "failed"]


runtime.prepare()
