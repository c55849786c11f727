"""The account's email: its change asked for, looked at and called off by those who run the account.

A suspended account may change it as well, for it has to be written to. A request is the account's, not its user's: it
stays when whoever asked is demoted or leaves, for without both addresses nothing comes of it.

So a request is refused at once where one of them gets no more mail, for it bounced or complained. That is so of the
current address too, though a lost mailbox is why many ask: whoever holds a session or a key alone must not take the
account away from its address. They are told to ask the operator, who looks into it and lifts that. Of the new one the
caller learns that mail to it bounced; it is for root users, few times an hour, after the count.
"""

from dataclasses import replace

from tallybook.domain.accounts import normal_email, require_root
from tallybook.domain.audit import actor_of
from tallybook.domain.credentials import Principal
from tallybook.domain.email_change import LETTERS, EmailChange, Side, check_pause, check_request, taken, unreachable
from tallybook.domain.errors import Invalid
from tallybook.domain.ids import ACCOUNT
from tallybook.domain.outbox import Mail
from tallybook.services.changes import Change, record, retry_on_conflict
from tallybook.services.context import Context
from tallybook.services.identity.authenticate import reread
from tallybook.services.rate_limits import check_email_changes, count_unsolicited_mail
from tallybook.store import keys
from tallybook.store.accounts import check_still_root
from tallybook.store.commands import Item
from tallybook.store.email_changes import put_change, read_change, set_change
from tallybook.store.keys import Key

type _Known = tuple[Principal, dict[Key, Item]]


def request_email_change(ctx: Context, principal: Principal, *, current: str, new: str) -> EmailChange:
    """A pending request, and a mail with a link to each of the two addresses.

    Invalid `invalid_email`, `email_change_pending`, `email_exists`, `email_unreachable` for an address that gets no
    more mail, or for a `current` that is not the account's;
    TooManyRequests within 30 minutes of the last request, for one who tries out addresses, and where the new one has
    been written to too often.
    """
    require_root(principal.user)
    new = _wanted(ctx, principal, new)
    own, address = keys.email_change(principal.account.id), keys.email(new)

    def check(known: _Known) -> EmailChange | None:
        principal, items = known
        last = read_change(items[own]) if own in items else None
        check_request(last, account_email=principal.account.email, current=current, new=new, now=ctx.clock.now())
        return last

    def request(known: _Known) -> EmailChange:
        principal, items = known
        require_root(principal.user)
        last = check(known)
        if address in items:
            raise taken()
        for side, email in _sides(principal, new).items():
            if keys.suppressed(email) in items:
                raise unreachable(side)
        now = ctx.clock.now()
        change = EmailChange(ctx.new_id(now), principal.account.id, principal.account.email, new, requested_at=now)
        asked = Change(
            actor_of(principal),
            "account.email_change_requested",
            ACCOUNT + principal.account.id,
            before={"email": change.current_email},
            after={"email": change.new_email},
            mails=_letters(principal, change),
        )
        ctx.tables.transact(
            [
                put_change(change, last=last),
                check_still_root(principal.user),
                count_unsolicited_mail(ctx, email=new),
                *record(principal.account, asked, at=now),
            ]
        )
        return change

    def known(principal: Principal) -> _Known:
        return principal, ctx.tables.get_many([own, address, *map(keys.suppressed, _sides(principal, new).values())])

    first = known(principal)
    check(first)
    check_email_changes(ctx, account_id=principal.account.id)
    return retry_on_conflict(ctx, request, first, reload=lambda: known(reread(ctx, principal)))


def last_email_change(ctx: Context, principal: Principal) -> EmailChange | None:
    """The account's last request, whatever became of it."""
    item = ctx.tables.get(keys.email_change(principal.account.id))
    return None if item is None else read_change(item)


def clear_email_change(ctx: Context, principal: Principal) -> None:
    """Nothing is pending any more, and no link holds; also where nothing was."""
    require_root(principal.user)

    def clear(known: tuple[Principal, EmailChange | None]) -> None:
        principal, change = known
        require_root(principal.user)
        now = ctx.clock.now()
        if change is None or not change.is_pending(now):
            return
        cleared = Change(
            actor_of(principal),
            "account.email_change_cleared",
            ACCOUNT + principal.account.id,
            before={"email": change.new_email, "status": change.status},
        )
        ended = set_change(change, replace(change, state="cleared"))
        ctx.tables.transact([ended, check_still_root(principal.user), *record(principal.account, cleared, at=now)])

    def again() -> tuple[Principal, EmailChange | None]:
        now = reread(ctx, principal)
        return now, last_email_change(ctx, now)

    retry_on_conflict(ctx, clear, (principal, last_email_change(ctx, principal)), reload=again)


def _wanted(ctx: Context, principal: Principal, new: str) -> str:
    """The address as it is kept; what is none waits for the 30 minutes like any other."""
    try:
        return normal_email(new, field="new_email")
    except Invalid:
        check_pause(last_email_change(ctx, principal), now=ctx.clock.now())
        raise


def _sides(principal: Principal, new: str) -> dict[Side, str]:
    return {"current": principal.account.email, "new": new}


def _letters(principal: Principal, change: EmailChange) -> tuple[Mail, ...]:
    facts = {
        "account": principal.account.display_name or principal.account.email,
        "requester": principal.user.name or principal.user.email,
        "current_email": change.current_email,
        "new_email": change.new_email,
    }
    to = _sides(principal, change.new_email)
    return tuple(
        Mail(letter, (to[side],), facts, account_id=change.account_id, email_change=change.id)
        for letter, side in LETTERS.items()
    )
