"""What ScaleBox's pages show of a change of the account's email. Source: decisions, "Email change"."""

from datetime import datetime

from tallybook.domain.email_change import EmailChange
from tallybook.wire.response import seconds


def present_email_change(change: EmailChange | None, *, now: datetime) -> dict[str, object]:
    """A request that is pending, or that none is; the last one's status where it was completed."""
    if change is not None and change.is_pending(now):
        return {
            "has_pending_request": True,
            "status": change.status,
            "current_email": change.current_email,
            "new_email": change.new_email,
            "requested_at": seconds(change.requested_at),
            "expires_at": seconds(change.expires_at),
        }
    if change is not None and change.state == "completed":
        return {"has_pending_request": False, "status": change.status}
    return {"has_pending_request": False}


def present_confirmation(change: EmailChange) -> dict[str, object]:
    """What whoever opened a link is told."""
    if change.state == "completed":
        return {"status": "completed"}
    return {"status": "pending", "pending_email": change.unconfirmed[0]}
