"""Every change of an account is written with its audit entry, mails and events in one transaction.

    ctx.tables.transact([…, *record(account, Change(…), at=now)])

The audit entry takes the account's next number. If the account changed since it was read, that number is taken and the
transaction fails with WriteConflict: `retry_on_conflict` reads again and decides again. The write that takes the number
also counts the users' changes of this minute. Mails and events are keyed by the entry's number, so one change sends
each of them once.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tallybook.domain.accounts import Account
from tallybook.domain.audit import Actor, AuditEntry
from tallybook.domain.outbox import BusEvent, Mail
from tallybook.domain.recent_changes import COUNTED, count_changes
from tallybook.services.context import Context
from tallybook.store.audit import count_entries, put_entry
from tallybook.store.commands import Command, Put, Update
from tallybook.store.conflicts import WriteConflict
from tallybook.store.outbox import put_events, put_mail


@dataclass(frozen=True, slots=True)
class Change:
    """One audit entry, and the mails and events that the change sends.

    `action` names the change, like `user.invited`; `target` is the prefixed id of the thing that changed; `before` and
    `after` are its values as the audit log stores them.
    """

    actor: Actor
    action: str
    target: str
    before: Mapping[str, Any] = field(default_factory=dict, repr=False)
    after: Mapping[str, Any] = field(default_factory=dict, repr=False)
    mails: tuple[Mail, ...] = ()
    events: tuple[BusEvent, ...] = ()


def record(account: Account, *changes: Change, at: datetime) -> tuple[Command, ...]:
    """The commands that write the changes as the account's next audit entries, with their mails and events.

    TooManyRequests if the account's users made too many changes in this minute.
    """
    first = account.counts.audit_count + 1
    counted = [change.action for change in changes if change.actor.kind in COUNTED]
    recent = count_changes(account.recent, counted, now=at) if counted else account.recent
    puts = (put for number, change in enumerate(changes, first) for put in _puts(account.id, number, change, at=at))
    return (count_entries(account, len(changes), recent=recent), *puts)


def record_without_entry(account: Account, *, actor: Actor, action: str, at: datetime) -> Update:
    """The command that counts a change which writes too often for an audit entry; errors as in `record`."""
    recent = count_changes(account.recent, [action], now=at) if actor.kind in COUNTED else account.recent
    return count_entries(account, 0, recent=recent)


def record_first(account_id: str, change: Change, *, at: datetime) -> tuple[Put, ...]:
    """As `record`, for the change that creates the account: its entry is number 1."""
    return _puts(account_id, 1, change, at=at)


def retry_on_conflict[State, Result](
    ctx: Context, decide: Callable[[State], Result], state: State, *, reload: Callable[[], State]
) -> Result:
    """Call `decide(state)`, which writes what follows from the state, and return its result.

    After a WriteConflict, wait, read the state again with `reload`, and call `decide` again; Unavailable after the last
    try.
    """
    backoff = ctx.tables.backoff()
    while True:
        try:
            return decide(state)
        except WriteConflict:
            backoff()
        state = reload()


def _puts(account_id: str, number: int, change: Change, *, at: datetime) -> tuple[Put, ...]:
    cause = (account_id, str(number))
    entry = AuditEntry(account_id, number, at, change.actor, change.action, change.target, change.before, change.after)
    mails = [put_mail(mail, *cause, at=at, account_id=account_id) for mail in change.mails]
    events = [put_events(change.events, account_id=account_id, number=number, at=at)] if change.events else []
    return (put_entry(entry), *mails, *events)
