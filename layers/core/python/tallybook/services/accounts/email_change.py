"""Root users file, read and clear requests to change the account's email.

A suspended account may change its email too, because it must be reachable. A request belongs to the account: it stays
valid when the user who filed it is demoted or deleted, because both addresses have to confirm it.

A request is refused if one of the addresses is suppressed (its mail bounced or was reported as spam). This applies to
the current address as well, although losing that mailbox is a common reason to ask: a session or an API key alone must
not be enough to take over the account. The error asks the user to contact the operator, who can lift the suppression.
The error for the new address reveals that mail to it bounced; only root users see it, at most 10 times an hour.
"""

from dataclasses import replace

from tallybook.domain.accounts import require_root
from tallybook.domain.audit import actor_of
from tallybook.domain.credentials import Principal
from tallybook.domain.email_change import (
    CONFIRMATION_TEMPLATES,
    EmailChange,
    Side,
    check_pause,
    check_request,
    email_taken,
    email_unreachable,
)
from tallybook.domain.emails import normalize_email
from tallybook.domain.errors import Invalid
from tallybook.domain.idempotency import Present
from tallybook.domain.ids import ACCOUNT
from tallybook.domain.outbox import EmailChangeRef, Mail
from tallybook.services.changes import Change, record, retry_on_conflict
from tallybook.services.context import Context
from tallybook.services.identity.authenticate import reread
from tallybook.services.kept_answers import keep_answer
from tallybook.services.rate_limits import check_email_changes, count_unsolicited_mail
from tallybook.store import keys
from tallybook.store.commands import Item
from tallybook.store.email_changes import put_change, read_change, set_change
from tallybook.store.keys import Key
from tallybook.store.users import check_still_root

type _State = tuple[Principal, dict[Key, Item]]


def request_email_change(
    ctx: Context, principal: Principal, *, current: str, new: str, present: Present[EmailChange] | None = None
) -> EmailChange:
    """File a request, and mail a link to each of the two addresses.

    Invalid `invalid_email`, `email_change_pending`, `email_exists`, `email_unreachable` for a suppressed address, or
    `current_email` unless `current` is the account's. TooManyRequests within 30 minutes of the last request, over 10
    requests of the account an hour, and over 3 mails to the new address an hour; and if one of the addresses had 10
    mails today as a stranger.
    """
    require_root(principal.user)
    new = _normal_new_email(ctx, principal, new)
    request_key, login_key = keys.email_change(principal.account.id), keys.email(new)

    def check(state: _State) -> EmailChange | None:
        principal, items = state
        last = read_change(items[request_key]) if request_key in items else None
        check_request(last, account_email=principal.account.email, current=current, new=new, now=ctx.clock.now())
        return last

    def request(state: _State) -> EmailChange:
        principal, items = state
        require_root(principal.user)
        last = check(state)
        if login_key in items:
            raise email_taken()
        for side, email in _sides(principal, new).items():
            if keys.suppressed(email) in items:
                raise email_unreachable(side)
        now = ctx.clock.now()
        change = EmailChange(ctx.new_id(now), principal.account.id, principal.account.email, new, requested_at=now)
        audited = Change(
            actor_of(principal),
            "account.email_change_requested",
            ACCOUNT + principal.account.id,
            before={"email": change.current_email},
            after={"email": change.new_email},
            mails=_mails(principal, change),
        )
        ctx.tables.transact(
            [
                put_change(change, last=last),
                check_still_root(principal.user),
                count_unsolicited_mail(ctx, email=new),
                *record(principal.account, audited, at=now),
                *keep_answer(ctx, principal.keyed, present, change, at=now),
            ]
        )
        return change

    def load(principal: Principal) -> _State:
        suppressions = map(keys.suppressed, _sides(principal, new).values())
        return principal, ctx.tables.get_many([request_key, login_key, *suppressions])

    state = load(principal)
    check(state)
    strangers = [new, principal.account.email] if principal.account.email_unconfirmed else [new]
    check_email_changes(ctx, account_id=principal.account.id, strangers=strangers)
    return retry_on_conflict(ctx, request, state, reload=lambda: load(reread(ctx, principal)))


def last_email_change(ctx: Context, principal: Principal) -> EmailChange | None:
    """The account's last request in any state; None if there was none."""
    item = ctx.tables.get(keys.email_change(principal.account.id))
    return None if item is None else read_change(item)


def clear_email_change(ctx: Context, principal: Principal) -> None:
    """End the pending request and its links, if there is one."""
    require_root(principal.user)

    def clear(state: tuple[Principal, EmailChange | None]) -> None:
        principal, change = state
        require_root(principal.user)
        now = ctx.clock.now()
        if change is None or not change.is_pending(now):
            return
        audited = Change(
            actor_of(principal),
            "account.email_change_cleared",
            ACCOUNT + principal.account.id,
            before={"email": change.new_email, "status": change.status},
        )
        cleared = set_change(change, replace(change, state="cleared"))
        ctx.tables.transact([cleared, check_still_root(principal.user), *record(principal.account, audited, at=now)])

    def reload() -> tuple[Principal, EmailChange | None]:
        current = reread(ctx, principal)
        return current, last_email_change(ctx, current)

    retry_on_conflict(ctx, clear, (principal, last_email_change(ctx, principal)), reload=reload)


def _normal_new_email(ctx: Context, principal: Principal, new: str) -> str:
    """The new address in normal form; an invalid one is TooManyRequests too in the 30 minutes after a request."""
    try:
        return normalize_email(new, field="new_email")
    except Invalid:
        check_pause(last_email_change(ctx, principal), now=ctx.clock.now())
        raise


def _sides(principal: Principal, new: str) -> dict[Side, str]:
    return {"current": principal.account.email, "new": new}


def _mails(principal: Principal, change: EmailChange) -> tuple[Mail, ...]:
    context = {
        "account": principal.account.display_name or principal.account.email,
        "requester": principal.user.name or principal.user.email,
        "current_email": change.current_email,
        "new_email": change.new_email,
    }
    to = _sides(principal, change.new_email)
    return tuple(
        Mail(template, (to[side],), context, EmailChangeRef(change.account_id, change.id))
        for template, side in CONFIRMATION_TEMPLATES.items()
    )
