"""Audit logs, newest first. An account's entries are read by number, so every page costs the same."""

from functools import partial

from tallybook.domain.accounts import require_root
from tallybook.domain.audit import AuditEntry
from tallybook.domain.credentials import Principal
from tallybook.services.context import Context
from tallybook.store import keys
from tallybook.store.audit import read_entry


def read_audit_log(ctx: Context, principal: Principal, *, offset: int, limit: int) -> list[AuditEntry]:
    """Up to `limit` entries, without the newest `offset`; for root users. `counts.audit_count` is the total."""
    require_root(principal.user)
    return audit_entries(ctx, principal.account.id, newest=principal.account.counts.audit_count - offset, limit=limit)


def audit_entries(ctx: Context, account_id: str, *, newest: int, limit: int) -> list[AuditEntry]:
    """Up to `limit` entries, numbers descending from `newest`."""
    items = ctx.tables.query_numbered(partial(keys.audit, account_id), newest=newest, limit=limit)
    return [read_entry(item) for item in items]


def operator_entries(ctx: Context, *, limit: int) -> list[AuditEntry]:
    """The newest `limit` changes of the operator that concern no account."""
    found = ctx.tables.query("core", keys.OPERATOR_AUDIT, start="0", end="~", limit=limit, newest_first=True)
    return [read_entry(item) for item in found]
