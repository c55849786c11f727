"""Suspends and resumes accounts, for the platform or the operator.

Source: docs/decisions.md, "What the platform needs"; docs/money.md, "Invoices".
"""

from dataclasses import replace
from datetime import datetime
from typing import Literal

from tallybook.domain.accounts import Account, Suspension
from tallybook.domain.audit import Actor, platform_actor
from tallybook.domain.credentials import PlatformCaller
from tallybook.domain.events.accounts import account_resumed, account_suspended
from tallybook.domain.fees import add_suspensions, suspended_by_period
from tallybook.domain.ids import ACCOUNT
from tallybook.domain.outbox import Mail
from tallybook.domain.text_rules import check_line
from tallybook.domain.times import readable, stamp_or_none
from tallybook.services.changes import Change, record, retry_on_conflict
from tallybook.services.context import Context
from tallybook.services.identity.authenticate import authorize_platform
from tallybook.services.lookup import live_account
from tallybook.store import keys
from tallybook.store.accounts import set_account
from tallybook.store.commands import Item

type NewStatus = Literal["suspended", "active"]


def set_account_status_as_platform(
    ctx: Context, platform: PlatformCaller, account_id: str, status: NewStatus, *, reason: str
) -> Account:
    """As `set_account_status`, for a platform key with the scope accounts:admin."""
    key = keys.account(account_id)
    platform_key, items = authorize_platform(ctx, platform, "accounts:admin", also=[key])
    actor = platform_actor(platform_key, address=platform.address)
    return _set(ctx, items.get(key), account_id, status, reason=reason, actor=actor)


def set_account_status(ctx: Context, account_id: str, status: NewStatus, *, reason: str, actor: Actor) -> Account:
    """Set the account's status, and mail the account; no change if it has the status already.

    Invalid `reason` unless 1 to 1,000 characters; NotFound for an unknown or deleted account.
    """
    return _set(ctx, ctx.tables.get(keys.account(account_id)), account_id, status, reason=reason, actor=actor)


def _set(ctx: Context, item: Item | None, account_id: str, status: NewStatus, *, reason: str, actor: Actor) -> Account:
    check_line(reason, field="reason")

    def change(item: Item | None) -> Account:
        before = live_account(item)
        if before.status == status:
            return before
        now = ctx.clock.now()
        after = _suspend(before, reason, now) if status == "suspended" else _resume(before, now)
        values = {
            "status": after.status,
            "suspended_at": stamp_or_none(after.suspension.at),
            "suspension_reason": after.suspension.reason,
            "suspended_ms": dict(after.suspension.milliseconds),
        }
        audited = Change(
            actor,
            "account.suspended" if status == "suspended" else "account.resumed",
            ACCOUNT + account_id,
            before={"status": before.status, "reason": before.suspension.reason},
            after={"status": after.status, "reason": reason},
            mails=(_mail(after, reason=reason, at=readable(now)),),
            events=((account_suspended if status == "suspended" else account_resumed)(after, reason=reason),),
        )
        ctx.tables.transact([set_account(before, **values), *record(before, audited, at=now)])
        return after

    return retry_on_conflict(ctx, change, item, reload=lambda: ctx.tables.get(keys.account(account_id)))


def _suspend(account: Account, reason: str, now: datetime) -> Account:
    return replace(account, status="suspended", suspension=account.suspension._replace(at=now, reason=reason))


def _resume(account: Account, now: datetime) -> Account:
    """Stores how long the account was suspended in each period, because no fee accrues in that time."""
    ended = suspended_by_period(account.schedule, account.suspension.at or now, now)
    return replace(account, status="active", suspension=Suspension(milliseconds=add_suspensions(account, ended)))


def _mail(account: Account, *, reason: str, at: str) -> Mail:
    context = {"account": account.display_name or account.email, "at": at}
    if account.status == "suspended":
        return Mail("account_suspended", (account.email,), context | {"reason": reason})
    return Mail("account_resumed", (account.email,), context)
