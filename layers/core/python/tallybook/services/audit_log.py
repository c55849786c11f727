"""An account's audit log, newest first, a page at a time; any page costs what the first one does."""

from tallybook.domain.accounts import require_root
from tallybook.domain.audit import AuditEntry
from tallybook.domain.credentials import Principal
from tallybook.services.context import Context
from tallybook.store import keys
from tallybook.store.audit import read_entry


def read_audit_log(ctx: Context, who: Principal, *, offset: int, limit: int) -> list[AuditEntry]:
    """Up to `limit` entries after the newest `offset` ones; for root users. There are `account.audits` in all."""
    require_root(who.user)
    return audit_entries(ctx, who.account.id, newest=who.account.audits - offset, limit=limit)


def audit_entries(ctx: Context, account_id: str, *, newest: int, limit: int) -> list[AuditEntry]:
    oldest = max(1, newest - limit + 1)
    if newest < oldest:
        return []
    first, last = keys.audit(account_id, oldest), keys.audit(account_id, newest)
    items = ctx.tables.numbered("core", first.pk, start=first.sk, end=last.sk, count=newest - oldest + 1)
    return [read_entry(item) for item in reversed(items)]
