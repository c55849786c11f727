"""An account's profile, changed by its root users.

A new time zone applies from the next period on: the current period keeps its days and its end.
Source: ScaleBox account management, "Update Account"; docs/decisions.md, "ScaleBox".
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from tallybook.domain.accounts import Account, require_root
from tallybook.domain.audit import actor_of
from tallybook.domain.credentials import Principal
from tallybook.domain.events.accounts import account_changed
from tallybook.domain.ids import ACCOUNT
from tallybook.domain.periods import period_of, with_zone
from tallybook.domain.plan_changes import with_schedule
from tallybook.domain.text_rules import check_description, optional_name
from tallybook.domain.zones import DEFAULT_ZONE, check_zone
from tallybook.services.changes import Change, record, retry_on_conflict
from tallybook.services.context import Context
from tallybook.services.identity.authenticate import reread
from tallybook.store.accounts import set_profile
from tallybook.store.commands import Check
from tallybook.store.periods import check_never_opened
from tallybook.store.users import check_still_root

_FIELDS = ("display_name", "description", "time_zone")


def change_account(ctx: Context, principal: Principal, changes: Mapping[str, str | None]) -> Account:
    """The account with a new `display_name`, `description` or `time_zone`; an omitted one stays unchanged.

    None removes a name or description, and sets the time zone to UTC again; an empty name is none, too. Forbidden for
    users who are not root; Invalid names the field.
    """
    changes = _checked(changes)

    def change(principal: Principal) -> Account:
        require_root(principal.user)
        now, before = ctx.clock.now(), principal.account
        after = _apply(before, changes, now=now)
        if after == before:
            return before
        audited = Change(
            actor_of(principal),
            "account.changed",
            ACCOUNT + before.id,
            before={name: getattr(before, name) for name in _FIELDS},
            after={name: getattr(after, name) for name in _FIELDS},
            events=(account_changed(after),),
        )
        ctx.tables.transact(
            [
                check_still_root(principal.user),
                set_profile(before, after),
                *_check_next_unopened(before, after, now=now),
                *record(before, audited, at=now),
            ]
        )
        return after

    return retry_on_conflict(ctx, change, principal, reload=lambda: reread(ctx, principal))


def _checked(changes: Mapping[str, str | None]) -> dict[str, str | None]:
    checked = dict(changes)
    if "display_name" in changes:
        checked["display_name"] = optional_name(changes["display_name"], field="display_name")
    if (description := changes.get("description")) is not None:
        check_description(description)
    if "time_zone" in changes:
        zone = changes["time_zone"]
        checked["time_zone"] = DEFAULT_ZONE if zone is None else check_zone(zone)
    return checked


def _apply(account: Account, changes: Mapping[str, str | None], *, now: datetime) -> Account:
    after = replace(
        account,
        display_name=changes.get("display_name", account.display_name),
        description=changes.get("description", account.description),
    )
    zone = changes.get("time_zone") or account.time_zone
    if zone == account.time_zone:
        return after
    return with_schedule(after, with_zone(account.schedule, zone, now=now), now=now)


def _check_next_unopened(before: Account, after: Account, *, now: datetime) -> tuple[Check, ...]:
    """A new zone changes the next period, so that period must not be opened with the old zone's boundaries yet."""
    if after.schedule == before.schedule:
        return ()
    current = period_of(before.schedule, now)
    return (check_never_opened(before.id, period_of(before.schedule, current.end)),)
