"""Accounts suspended and resumed, by the platform or the operator. Source: money, "Invoices"; decisions, platform."""

from dataclasses import replace
from datetime import datetime
from typing import Literal

from tallybook.domain.accounts import Account, Suspension, check_reason
from tallybook.domain.audit import Actor, platform
from tallybook.domain.credentials import PlatformCaller
from tallybook.domain.errors import NotFound
from tallybook.domain.events.accounts import account_resumed, account_suspended
from tallybook.domain.fees import add_suspensions, suspended_by_period
from tallybook.domain.ids import ACCOUNT
from tallybook.domain.outbox import Mail
from tallybook.domain.times import readable, stamp_or_none
from tallybook.services.changes import Change, record, retry_on_conflict
from tallybook.services.context import Context
from tallybook.services.identity.authenticate import authorize_platform
from tallybook.store import keys
from tallybook.store.accounts import read_account, set_account
from tallybook.store.commands import Item

type NewStatus = Literal["suspended", "active"]


def set_account_status_as_platform(
    ctx: Context, principal: PlatformCaller, account_id: str, standing: NewStatus, *, reason: str
) -> Account:
    """As `set_standing`, for a platform key with the scope accounts:admin."""
    key = keys.account(account_id)
    platform_key, items = authorize_platform(ctx, principal, "accounts:admin", also=[key])
    actor = platform(platform_key, address=principal.address)
    return _set(ctx, items.get(key), account_id, standing, reason=reason, actor=actor)


def set_account_status(ctx: Context, account_id: str, standing: NewStatus, *, reason: str, actor: Actor) -> Account:
    """The account, suspended or active from now on, and a mail that says so; unchanged where it is already.

    NotFound for an unknown or deleted account; Invalid `reason` unless 1 to 1,000 characters.
    """
    return _set(ctx, _read(ctx, account_id), account_id, standing, reason=reason, actor=actor)


def _set(
    ctx: Context, item: Item | None, account_id: str, standing: NewStatus, *, reason: str, actor: Actor
) -> Account:
    check_reason(reason)

    def change(item: Item | None) -> Account:
        if item is None or item["status"] == "deleted":
            raise NotFound("There is no such account", resource="account")
        before = read_account(item)
        if before.status == standing:
            return before
        now = ctx.clock.now()
        after = _suspended(before, reason, now) if standing == "suspended" else _resumed(before, now)
        values = {
            "status": after.status,
            "suspended_at": stamp_or_none(after.suspension.at),
            "suspension_reason": after.suspension.reason,
            "suspended_ms": dict(after.suspension.milliseconds),
        }
        told = Change(
            actor,
            "account.suspended" if standing == "suspended" else "account.resumed",
            ACCOUNT + account_id,
            before={"status": before.status, "reason": before.suspension.reason},
            after={"status": after.status, "reason": reason},
            mails=(_mail(after, reason=reason, at=readable(now)),),
            events=((account_suspended if standing == "suspended" else account_resumed)(after, reason=reason),),
        )
        ctx.tables.transact([set_account(before, **values), *record(before, told, at=now)])
        return after

    return retry_on_conflict(ctx, change, item, reload=lambda: _read(ctx, account_id))


def _suspended(account: Account, reason: str, now: datetime) -> Account:
    return replace(account, status="suspended", suspension=replace(account.suspension, at=now, reason=reason))


def _resumed(account: Account, now: datetime) -> Account:
    """What was suspended is remembered for the fee: none accrues meanwhile."""
    since = suspended_by_period(account.schedule, account.suspension.at or now, now)
    known = add_suspensions(account, since)
    return replace(account, status="active", suspension=Suspension(milliseconds=known))


def _read(ctx: Context, account_id: str) -> Item | None:
    return ctx.tables.get(keys.account(account_id))


def _mail(account: Account, *, reason: str, at: str) -> Mail:
    facts = {"account": account.display_name or account.email, "at": at}
    if account.status == "suspended":
        return Mail("account_suspended", (account.email,), facts | {"reason": reason})
    return Mail("account_resumed", (account.email,), facts)
