"""What SES tells of mails: who bounced for good, or complained, gets no more of them."""

import json
from typing import Any

from aws_lambda_powertools import Logger

from tallybook import runtime
from tallybook.services.outbox.suppressions import note_bounce, suppress_addresses

logger = Logger()


def handler(event: dict[str, Any], _context: Any) -> dict[str, int]:
    """Notifications of SNS, each with an event that SES publishes as JSON; answers how many addresses were taken out.

    Source: SES, "Contents of event data that SES publishes to SNS".
    """
    count = 0
    for record in event["Records"]:
        count += _suppress(_read(record["Sns"]["Message"]))
    logger.info("mail feedback", extra={"suppressed": count})
    return {"suppressed": count}


def _read(message: str) -> dict[str, Any]:
    """Nothing where it is no event: SES also says, in plain words, that it has found the topic."""
    try:
        told = json.loads(message)
    except ValueError:
        logger.warning("not an event of SES", extra={"length": len(message)})
        return {}
    return told if isinstance(told, dict) else {}


def _suppress(told: dict[str, Any]) -> int:
    """A bounce that may pass, like a full mailbox, suppresses nobody, but that mail is lost."""
    ctx = runtime.context()
    match told.get("eventType") or told.get("notificationType"):
        case "Bounce":
            addresses = [recipient["emailAddress"] for recipient in told["bounce"]["bouncedRecipients"]]
            for item_id in told["mail"].get("tags", {}).get("item", ()):
                note_bounce(ctx, item_id, _unreached(told["bounce"]))
            if told["bounce"]["bounceType"] == "Permanent":
                return suppress_addresses(ctx, addresses, reason="bounce")
        case "Complaint" if told["complaint"].get("complaintFeedbackType") != "not-spam":
            addresses = [recipient["emailAddress"] for recipient in told["complaint"]["complainedRecipients"]]
            return suppress_addresses(ctx, addresses, reason="complaint")
    return 0


def _unreached(bounce: dict[str, Any]) -> list[str]:
    """Who never got the mail; of a general bounce that may pass, only whom a mail server reports.

    Most of those are automatic replies to a mail that has arrived.
    """
    may_be_reply = (bounce["bounceType"], bounce.get("bounceSubType")) == ("Transient", "General")
    recipients = bounce["bouncedRecipients"]
    return [one["emailAddress"] for one in recipients if not may_be_reply or one.get("action") == "failed"]


runtime.prepare()
