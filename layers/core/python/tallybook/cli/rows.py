"""What the operator's command tells of each thing: ids with their prefixes, times as RFC 3339, money in micros.

The names are for scripts to rely on; where ScaleBox's dialect shows the same, they are its names.
"""

from typing import Any

from tallybook.domain.accounts import Account, User
from tallybook.domain.audit import AuditEntry
from tallybook.domain.credentials import Credential
from tallybook.domain.ids import ACCOUNT, API_KEY, SUBSCRIPTION, USER
from tallybook.domain.outbox import OutboxItem
from tallybook.domain.times import stamp, stamp_or_none
from tallybook.wire import scalebox_audit

type Row = dict[str, Any]


def account_row(account: Account) -> Row:
    return {
        "account_id": ACCOUNT + account.id,
        "email": account.email,
        "display_name": account.display_name,
        "status": account.status,
        "suspended_at": stamp_or_none(account.suspended_at),
        "suspension_reason": account.suspension_reason,
        "plan_name": account.plan,
        "subscription_id": SUBSCRIPTION + account.subscription_id,
        "balance": account.balance,
        "users": account.users,
        "api_keys": account.keys,
        "running_sessions": account.running,
        "time_zone": account.time_zone,
        "tax_rate": None if account.tax_rate is None else f"{account.tax_rate:f}",
        "discount": f"{account.discount:f}",
        "created_at": stamp(account.created_at),
    }


def user_row(user: User) -> Row:
    return {
        "user_id": USER + user.id,
        "account_id": ACCOUNT + user.account_id,
        "email": user.email,
        "display_name": user.name,
        "role": user.role,
        "is_root_user": user.is_root,
        "status": user.status,
        "suspended_at": stamp_or_none(user.suspended_at),
        "suspension_reason": user.suspension_reason,
        "has_joined": user.password_hash is not None,
        "api_keys": user.keys,
        "running_sessions": user.running,
        "created_at": stamp(user.created_at),
    }


def key_row(key: Credential) -> Row:
    return {
        "api_key_id": API_KEY + key.id,
        "account_id": ACCOUNT + key.account_id,
        "user_id": USER + key.user_id,
        "name": key.name,
        "hint": key.hint,
        "created_at": stamp(key.created_at),
        "expires_at": stamp_or_none(key.expires_at),
        "last_used_at": stamp_or_none(key.last_used_at),
    }


def outbox_row(item: OutboxItem) -> Row:
    """`holds` names the letter, or the events in their order."""
    letter = item.body.get("letter")
    return {
        "id": item.id,
        "kind": item.kind,
        "holds": [letter] if letter else [event["name"] for event in item.body["events"]],
        "account_id": ACCOUNT + item.account_id if item.account_id else None,
        "state": item.state,
        "due": stamp_or_none(item.due),
        "attempts": item.attempts,
        "error": item.error,
        "created_at": stamp(item.created_at),
        "delivered_at": stamp_or_none(item.delivered_at),
        "sent": list(item.sent),
        "skipped": list(item.skipped),
    }


def audit_row(entry: AuditEntry) -> Row:
    return {**scalebox_audit.entry(entry), "created_at": stamp(entry.at)}
