"""Attempts are counted before anything is looked at, so that a right guess costs as much as a wrong one."""

from typing import Literal

from tallybook.domain.errors import TooManyRequests
from tallybook.domain.limits import Limit, hashed_subject, network_of, seconds_left, window_of
from tallybook.services.context import Context
from tallybook.store.attempts import count_attempt
from tallybook.store.commands import Update

type What = Literal[
    "register", "login", "reset", "confirm", "invite", "invited", "change_email", "quota_request", "budget_mail"
]


def check_rate(ctx: Context, what: What, *, address: str, email: str | None = None) -> None:
    """One more attempt from the network address and about the email, or TooManyRequests with the seconds to wait.

    A refused attempt is not counted, so that the door opens again with the next window whoever keeps knocking.
    """
    attempts = [_attempt(ctx, what, f"address {network_of(address)}")]
    if email is not None:
        attempts.append(_attempt(ctx, what, _email(email)))
    ctx.tables.transact(attempts)


def check_invitations(ctx: Context, *, account_id: str) -> None:
    """One more invitation by the account, or TooManyRequests."""
    ctx.tables.transact([_attempt(ctx, "invite", f"account {account_id}")])


def check_email_changes(ctx: Context, *, account_id: str) -> None:
    """One more change of an email asked for by the account, or TooManyRequests."""
    ctx.tables.transact([_attempt(ctx, "change_email", f"account {account_id}")])


def count_unsolicited_mail(ctx: Context, *, email: str) -> Update:
    """One more mail that the address may not have asked for, counted with what sends it; or else TooManyRequests.

    So what is refused for another reason takes away nobody's chance to be written to.
    """
    return _attempt(ctx, "invited", _email(email))


def count_quota_request(ctx: Context, *, user_id: str) -> Update:
    """One more quota request of the user, counted with what files it; or else TooManyRequests."""
    return _attempt(ctx, "quota_request", f"user {user_id}")


def count_budget_mails(ctx: Context, *, account_id: str, mails: int) -> Update:
    """So many more mails about the account's budgets, counted with them; or else TooManyRequests."""
    return _attempt(ctx, "budget_mail", f"account {account_id}", by=mails)


def _attempt(ctx: Context, what: What, subject: str, *, by: int = 1) -> Update:
    limit: Limit = getattr(ctx.limits, what)
    now = ctx.clock.now()
    refusal = TooManyRequests("Too many attempts; try again later", retry_after=seconds_left(now, limit.window))
    window = window_of(now, limit.window)
    length, most = limit.window, limit.most
    return count_attempt(what, hashed_subject(subject), window=window, length=length, by=by, most=most, refusal=refusal)


def _email(email: str) -> str:
    return f"email {email.strip().lower()}"
