"""Suppress addresses for which SES reports a permanent bounce or a complaint."""

import json
from typing import Any

from aws_lambda_powertools import Logger

from tallybook import runtime
from tallybook.domain.emails import addresses_written_to
from tallybook.mail_hooks import HOOKS
from tallybook.services.outbox.suppressions import note_bounce, suppress_addresses

logger = Logger()


def handler(event: dict[str, Any], context: Any) -> dict[str, int]:
    """Handle SNS notifications, each with an SES event as JSON; return the number of suppressed addresses.

    Source: SES, "Contents of event data that SES publishes to SNS".
    """
    logger.append_keys(request_id=context.aws_request_id)
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
            unreached = _unreached(event)
            for item_id in event["mail"].get("tags", {}).get("item", ()):
                note_bounce(ctx, HOOKS, item_id, unreached)
            if event["bounce"]["bounceType"] == "Permanent":
                return suppress_addresses(ctx, unreached, reason="bounce")
        case "Complaint" if event["complaint"].get("complaintFeedbackType") != "not-spam":
            complained = _written_to(event, event["complaint"]["complainedRecipients"])
            return suppress_addresses(ctx, complained, reason="complaint")
    return 0


def _unreached(event: dict[str, Any]) -> tuple[str, ...]:
    """The addresses that never got the mail.

    Most transient general bounces are automatic replies to a mail that arrived. So they only count for recipients
    that the mail server reports as failed.
    """
    bounce = event["bounce"]
    recipients = bounce["bouncedRecipients"]
    if (bounce["bounceType"], bounce.get("bounceSubType")) == ("Transient", "General"):
        recipients = [one for one in recipients if one.get("action") == "failed"]
        if not recipients:
            return ()
    return _written_to(event, recipients)


def _written_to(event: dict[str, Any], recipients: list[dict[str, str]]) -> tuple[str, ...]:
    """The addresses that we wrote to; the final recipients that are reported may be others."""
    return addresses_written_to(event["mail"].get("destination", ()), [one["emailAddress"] for one in recipients])


runtime.prepare()
