"""Entries of the audit log. ScaleBox's documents do not define their fields; these are Tallybook's."""

from tallybook.domain.audit import AuditEntry
from tallybook.domain.ids import ACCOUNT
from tallybook.wire.response import json_values, seconds


def present_audit_entry(entry: AuditEntry) -> dict[str, object]:
    """`before` and `after` hold the values that the action changed, with secrets masked."""
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
