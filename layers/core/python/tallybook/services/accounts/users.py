"""Root users change the name, role and status of a user. Source: docs/decisions.md, "ScaleBox".

An account always keeps a root user: root users can't demote or suspend themselves, and each change is written only
while its author is still an active root user.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from tallybook.domain.accounts import Account, User, UserStatus, require_root
from tallybook.domain.audit import Actor, actor_of
from tallybook.domain.credentials import Principal
from tallybook.domain.errors import Invalid
from tallybook.domain.events.accounts import user_changed, user_resumed, user_suspended
from tallybook.domain.ids import USER
from tallybook.domain.outbox import BusEvent
from tallybook.domain.text_rules import check_line, optional_name
from tallybook.services.changes import Change, record, retry_on_conflict
from tallybook.services.context import Context
from tallybook.services.identity.authenticate import reread
from tallybook.services.lookup import find_user
from tallybook.store.commands import Command
from tallybook.store.users import check_still_root, set_user, user_item

_ACTION: dict[UserStatus, str] = {
    "active": "user.resumed",
    "suspended": "user.suspended",
    "disabled": "user.disabled",
}


def change_user(ctx: Context, principal: Principal, user_id: str, changes: Mapping[str, Any]) -> User:
    """The user with a new `name`, `role`, `is_root`, `status` or `suspension_reason`; omitted ones stay unchanged.

    A `name` or `suspension_reason` that is None or empty is removed. For root users. Invalid `own_user` if they would
    change their own root or status.
    """
    changes = _checked(changes)

    def change(principal: Principal) -> User:
        require_root(principal.user)
        before = find_user(ctx, principal.account, user_id)
        now = ctx.clock.now()
        after = _apply(before, changes, now)
        if before.id == principal.user.id and (after.is_root, after.status) != (before.is_root, before.status):
            raise Invalid("Another root user has to do this to you", code="own_user")
        if after == before:
            return before
        ctx.tables.transact(
            [
                check_still_root(principal.user),
                *change_user_commands(principal.account, before, after, actor=actor_of(principal), at=now),
            ]
        )
        return after

    return retry_on_conflict(ctx, change, principal, reload=lambda: reread(ctx, principal))


def _checked(changes: Mapping[str, Any]) -> dict[str, Any]:
    checked = dict(changes)
    if "name" in changes:
        checked["name"] = optional_name(changes["name"], field="display_name")
    if "suspension_reason" in changes:
        reason = changes["suspension_reason"]
        checked["suspension_reason"] = check_line(reason, field="suspension_reason") if reason else None
    return checked


def change_user_commands(account: Account, before: User, after: User, *, actor: Actor, at: datetime) -> list[Command]:
    """The changed attributes of the user, and the audit entry with its events."""
    values = {name: value for name, value in user_item(after).items() if value != user_item(before)[name]}
    change = Change(
        actor,
        "user.changed" if after.status == before.status else _ACTION[after.status],
        USER + before.id,
        before=audit_snapshot(before),
        after=audit_snapshot(after),
        events=tuple(_events(before, after)),
    )
    return [set_user(before, **values), *record(account, change, at=at)]


def with_status(user: User, status: UserStatus, *, reason: str | None, now: datetime) -> User:
    """Keeps the time and the reason until the user is active again."""
    if status == "active":
        return replace(user, status=status, suspended_at=None, suspension_reason=None)
    since = user.suspended_at if user.status == status else now
    return replace(user, status=status, suspended_at=since, suspension_reason=reason)


def audit_snapshot(user: User) -> dict[str, Any]:
    """The fields of a user that the audit log stores."""
    return {
        "display_name": user.name,
        "role": user.role,
        "is_root_user": user.is_root,
        "status": user.status,
        "suspension_reason": user.suspension_reason,
    }


def _apply(user: User, changes: Mapping[str, Any], now: datetime) -> User:
    """A new status drops the old reason."""
    simple = {name: changes[name] for name in ("name", "role", "is_root") if name in changes}
    status = changes.get("status", user.status)
    reason = changes.get("suspension_reason", user.suspension_reason if status == user.status else None)
    return with_status(replace(user, **simple), status, reason=reason, now=now)


def _events(before: User, after: User) -> Iterator[BusEvent]:
    if (before.status, before.suspension_reason) != (after.status, after.suspension_reason):
        yield user_resumed(after) if after.status == "active" else user_suspended(after)
    if (before.name, before.role, before.is_root) != (after.name, after.role, after.is_root):
        yield user_changed(after)
