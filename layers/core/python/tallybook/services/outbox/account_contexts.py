"""The context of the mails that ask for a confirmation of a new email address: their link."""

from collections.abc import Mapping
from typing import Any

from tallybook.domain.credentials import hash_text
from tallybook.domain.email_change import CONFIRMATION_TEMPLATES, TOKEN_BYTES, EmailChange, new_token
from tallybook.domain.outbox import EmailChangeRef, Mail
from tallybook.domain.times import readable
from tallybook.services.changes import retry_on_conflict
from tallybook.services.context import Context
from tallybook.store import keys
from tallybook.store.email_changes import put_token, read_change

EMAIL_PAGE = "/auth/email/confirm"


def email_change_context(ctx: Context, mail: Mail, *, page_url: str) -> Mapping[str, Any] | None:
    """With a link whose token is stored as a hash; None if the address has nothing left to confirm."""
    ref = mail.subject_ref
    if not isinstance(ref, EmailChangeRef):
        return None
    side = CONFIRMATION_TEMPLATES[mail.template]

    def add_link(change: EmailChange | None) -> Mapping[str, Any] | None:
        if change is None or change.id != ref.change_id or side in change.confirmed:
            return None
        if not change.is_pending(ctx.clock.now()):
            return None
        text = new_token(ctx.random_bytes(TOKEN_BYTES))
        ctx.tables.transact(put_token(change, side, hash_text(text)))
        return {**mail.context, "link": f"{page_url}{EMAIL_PAGE}#{text}", "expires_at": readable(change.expires_at)}

    return retry_on_conflict(
        ctx, add_link, _read_change(ctx, ref.account_id), reload=lambda: _read_change(ctx, ref.account_id)
    )


def _read_change(ctx: Context, account_id: str) -> EmailChange | None:
    """The account's last request; None if there is none, or the account is deleted."""
    change_key, account_key = keys.email_change(account_id), keys.account(account_id)
    items = ctx.tables.get_many([change_key, account_key])
    if len(items) < 2 or items[account_key]["status"] == "deleted":
        return None
    return read_change(items[change_key])
