"""The audit log in ScaleBox's envelope; its form is ours, for the document has none."""

from tallybook.domain.audit import AuditEntry
from tallybook.domain.ids import ACCOUNT
from tallybook.wire.response import json_values, seconds


def present_audit_entry(entry: AuditEntry) -> dict[str, object]:
    """Who did what, from where; `before` and `after` hold what the action changed, secrets masked."""
    return {
        "number": entry.number,
        "account_id": ACCOUNT + entry.account_id,
        "created_at": seconds(entry.at),
        "actor": {"type": entry.actor.kind, "id": entry.actor.id, "user_id": entry.actor.user_id},
        "ip_address": entry.actor.address,
        "action": entry.action,
        "target_id": entry.target,
        "before": json_values(entry.before),
        "after": json_values(entry.after),
    }
