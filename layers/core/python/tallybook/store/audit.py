"""Audit entries, as items: those of an account by number, those that concern no account by time."""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any

from boto3.dynamodb.conditions import Attr, ConditionBase

from tallybook.domain.accounts import Account
from tallybook.domain.audit import Actor, AuditEntry, mask_addresses, mask_secrets
from tallybook.domain.recent_changes import MOST, RecentChanges
from tallybook.domain.times import parse_instant, stamp
from tallybook.store import keys
from tallybook.store.commands import Item, Put, Update

_NOTHING: Mapping[str, Any] = MappingProxyType({})


def count_entries(account: Account, more: int, *, recent: RecentChanges) -> Update:
    """Add `more` to the count of entries, and count the recent changes.

    WriteConflict if the entries were counted since they were read, or if another minute was. Changes without an entry
    (`more` is 0) don't change that count, so they add to those of others, and conflict only over the limit.
    """
    key, made = keys.account(account.id), {"audits": account.counts.audit_count + more}
    unchanged: ConditionBase = Attr("audits").eq(account.counts.audit_count)
    if recent == account.recent:
        return Update(key, set=made, condition=unchanged)
    if recent.minute != account.recent.minute:
        minute = account.recent.minute
        unchanged &= Attr("minute").eq(minute) if minute else Attr("minute").not_exists()
        return Update(key, set={**made, "minute": recent.minute, "recent": recent.made}, condition=unchanged)
    by = recent.made - account.recent.made
    unchanged &= Attr("minute").eq(recent.minute)
    if not more:
        unchanged &= Attr("recent").lte(MOST - by)
    return Update(key, set=made, add={"recent": by}, condition=unchanged)


def put_entry(entry: AuditEntry) -> Put:
    return Put(keys.audit(entry.account_id, entry.number), {"number": entry.number, **_content(entry)})


def put_operator_entry(
    id: str,
    *,
    at: datetime,
    action: str,
    target: str,
    before: Mapping[str, Any] = _NOTHING,
    after: Mapping[str, Any] = _NOTHING,
) -> Put:
    """An entry of the operator that concerns no account."""
    entry = AuditEntry("", 0, at, Actor("operator"), action, target, before, after)
    return Put(keys.operator_audit(at, id), _content(entry))


def read_entry(item: Item) -> AuditEntry:
    """Without email addresses, which entries of earlier releases have: an entry is never rewritten."""
    return AuditEntry(
        account_id=item["pk"].partition("#")[2],
        number=int(item.get("number", 0)),  # the operator's entries have none
        at=parse_instant(item["at"]),
        actor=read_actor(item),
        action=item["action"],
        target=mask_addresses(item["target"]),
        before=mask_addresses(item["before"]),
        after=mask_addresses(item["after"]),
    )


def actor_item(actor: Actor) -> Item:
    """The actor's attributes, without those that are None."""
    item = {"by": actor.kind, "by_id": actor.id, "by_user": actor.user_id, "address": actor.address}
    return {name: value for name, value in item.items() if value is not None}


def read_actor(item: Mapping[str, Any]) -> Actor:
    return Actor(item["by"], item.get("by_id"), item.get("by_user"), item.get("address"))


def _content(entry: AuditEntry) -> Item:
    return {
        "at": stamp(entry.at),
        **actor_item(entry.actor),
        "action": entry.action,
        "target": mask_addresses(entry.target),
        "before": mask_addresses(mask_secrets(entry.before)),
        "after": mask_addresses(mask_secrets(entry.after)),
    }
