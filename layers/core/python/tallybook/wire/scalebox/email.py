"""A change of the account's email address. Source: docs/decisions.md, "Email change"."""

from datetime import datetime

from tallybook.domain.email_change import EmailChange
from tallybook.wire.response import seconds


def present_email_change(change: EmailChange | None, *, now: datetime) -> dict[str, object]:
    """The pending request; if there is none, the status of the last request if it was completed."""
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
    """The answer to a confirmation link: `pending` until the other address has confirmed too."""
    if change.state == "completed":
        return {"status": "completed"}
    return {"status": "pending", "pending_email": change.unconfirmed[0]}
