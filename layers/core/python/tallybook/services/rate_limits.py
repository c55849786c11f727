"""Rate limits: attempts are counted in fixed windows, by action and subject. Source: docs/decisions.md, "Quota".

An attempt is counted before passwords and tokens are checked, so a right guess counts like a wrong one. A refused
attempt is not counted: the next window is free even if a client never stops trying.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Literal

from tallybook.domain.emails import mailbox
from tallybook.domain.errors import TooManyRequests
from tallybook.domain.limits import Limit, hashed_subject, network_of, seconds_left, window_of
from tallybook.domain.strangers import without_tag
from tallybook.services.context import Context
from tallybook.store.attempts import check_attempts, count_attempt
from tallybook.store.commands import Check, Update

type ByAddress = Literal["register", "login", "password", "reset", "confirm"]
type RateLimited = (
    ByAddress
    | Literal["login_email", "password_email", "invite", "invited", "change_email", "quota_request", "budget_mail"]
    | Literal["stranger"]
)

_BY_EMAIL: Mapping[ByAddress, RateLimited] = {
    "register": "register",
    "login": "login_email",
    "password": "password_email",
    "reset": "reset",
}
"""What is counted for the email of an attempt that is also counted for its network address."""


def check_rate(ctx: Context, action: ByAddress, *, address: str, email: str | None = None) -> None:
    """Count an attempt from the network `address` and, if there is one, for the `email`.

    The email of a reset counts without its tag, because each reset mails whoever reads all its tags.

    TooManyRequests, with the seconds until the next window.
    """
    attempts = [_attempt(ctx, action, f"address {network_of(address)}")]
    if email is not None:
        subject = without_tag(email) if action == "reset" else email
        attempts.append(_attempt(ctx, _BY_EMAIL[action], _email(subject)))
    ctx.tables.transact(attempts)


def check_invitations(ctx: Context, *, account_id: str, email: str) -> None:
    """Count an invitation by the account; TooManyRequests, also if the invited stranger had too many mails today."""
    ctx.tables.transact([_attempt(ctx, "invite", f"account {account_id}"), *check_strangers(ctx, [email])])


def check_email_changes(ctx: Context, *, account_id: str, strangers: Iterable[str]) -> None:
    """Count a request of the account to change its email, which mails these strangers; TooManyRequests."""
    ctx.tables.transact([_attempt(ctx, "change_email", f"account {account_id}"), *check_strangers(ctx, strangers)])


def check_strangers(ctx: Context, emails: Iterable[str]) -> list[Check]:
    """The commands that require that each of these strangers may get one more mail today; TooManyRequests.

    Delivery counts the mail, and skips it if others came first.
    """
    mails = Counter(map(without_tag, emails))
    return [_room(ctx, "stranger", _email(person), by=number) for person, number in mails.items()]


def count_unsolicited_mail(ctx: Context, *, email: str) -> Update:
    """The command that counts a mail which its recipient may not have asked for, without the tag; TooManyRequests.

    It goes into the transaction that sends the mail, so a request that fails for another reason counts nothing.
    """
    return _attempt(ctx, "invited", _email(without_tag(email)))


def count_quota_request(ctx: Context, *, user_id: str) -> Update:
    """The command that counts a quota request of the user, in the transaction that files it; TooManyRequests."""
    return _attempt(ctx, "quota_request", f"user {user_id}")


def count_budget_mails(ctx: Context, *, account_id: str, recipients: int) -> Update:
    """The command that counts the recipients of the account's budget mails, in the transaction that sends them;
    TooManyRequests.
    """
    return _attempt(ctx, "budget_mail", f"account {account_id}", by=recipients)


def count_stranger_mail(ctx: Context, *, email: str) -> Update:
    """The command that counts a mail to a stranger, whichever account sends it, without the tag; TooManyRequests."""
    return _attempt(ctx, "stranger", _email(without_tag(email)))


def _attempt(ctx: Context, action: RateLimited, subject: str, *, by: int = 1) -> Update:
    limit: Limit = getattr(ctx.limits, action)
    return count_attempt(
        action,
        hashed_subject(subject),
        window=window_of(ctx.clock.now(), limit.window),
        length=limit.window,
        by=by,
        most=limit.most,
        refusal=_refusal(ctx, limit),
    )


def _room(ctx: Context, action: RateLimited, subject: str, *, by: int) -> Check:
    limit: Limit = getattr(ctx.limits, action)
    window = window_of(ctx.clock.now(), limit.window)
    refusal = _refusal(ctx, limit)
    return check_attempts(action, hashed_subject(subject), window=window, most=limit.most, refusal=refusal, by=by)


def _refusal(ctx: Context, limit: Limit) -> TooManyRequests:
    left = seconds_left(ctx.clock.now(), limit.window)
    return TooManyRequests("Too many attempts; try again later", retry_after=left)


def _email(email: str) -> str:
    return f"email {mailbox(email)}"
