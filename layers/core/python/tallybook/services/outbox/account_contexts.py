"""What a letter about a change of the email says when it is written: its link, made here and stored as a hash alone."""

from collections.abc import Mapping
from typing import Any

from tallybook.domain.credentials import hash_text
from tallybook.domain.email_change import TEMPLATES, TOKEN_BYTES, EmailChange, new_token
from tallybook.domain.outbox import Mail
from tallybook.domain.times import readable
from tallybook.services.changes import retry_on_conflict
from tallybook.services.context import Context
from tallybook.store import keys
from tallybook.store.email_changes import put_token, read_change

EMAIL_PAGE = "/auth/email/confirm"


def email_facts(ctx: Context, mail: Mail, *, page_url: str) -> Mapping[str, Any] | None:
    """The facts of the letter; None where its address need not confirm anything any more."""
    account_id = mail.account_id
    if account_id is None:
        return None

    def read() -> EmailChange | None:
        items = ctx.tables.get_many([keys.email_change(account_id), keys.account(account_id)])
        if len(items) < 2 or items[keys.account(account_id)]["status"] == "deleted":
            return None
        return read_change(items[keys.email_change(account_id)])

    def write(change: EmailChange | None) -> Mapping[str, Any] | None:
        side = TEMPLATES[mail.letter]
        if change is None or change.id != mail.email_change or side in change.confirmed:
            return None
        if not change.is_pending(ctx.clock.now()):
            return None
        text = new_token(ctx.random_bytes(TOKEN_BYTES))
        ctx.tables.transact(put_token(change, side, hash_text(text)))
        return {**mail.facts, "link": f"{page_url}{EMAIL_PAGE}#{text}", "expires_at": readable(change.expires_at)}

    return retry_on_conflict(ctx, write, read(), reload=read)
