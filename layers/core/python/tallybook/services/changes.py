"""What belongs to every change of an account: its audit entry, and what leaves because of it, in one transaction.

    ctx.tables.transact([…, *recorded(account, Change(…), at=now)])

The entry's number is the cause of all that leaves, so that nothing leaves twice for one change. And it is the
account's next one: whoever decided on what they had read decides anew where anything of the account changed meanwhile.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tallybook.domain.accounts import Account
from tallybook.domain.audit import Actor, AuditEntry
from tallybook.domain.outbox import BusEvent, Mail
from tallybook.services.context import Context
from tallybook.store.audit import count_entries, put_entry
from tallybook.store.commands import Command, Put
from tallybook.store.outbox import put_events, put_mail
from tallybook.store.table import WriteConflict


@dataclass(frozen=True, slots=True)
class Change:
    """Who did what to which thing, as the audit log tells it, and whom it is told to."""

    actor: Actor
    action: str
    target: str
    before: Mapping[str, Any] = field(default_factory=dict)
    after: Mapping[str, Any] = field(default_factory=dict)
    mails: tuple[Mail, ...] = ()
    events: tuple[BusEvent, ...] = ()


def record(account: Account, *changes: Change, at: datetime) -> tuple[Command, ...]:
    """The changes as the account's next ones; WriteConflict where another came between."""
    puts = (
        put
        for number, change in enumerate(changes, account.counts.audit_count + 1)
        for put in first_recorded(account.id, change, at=at, number=number)
    )
    return (count_entries(account, len(changes)), *puts)


def first_recorded(account_id: str, change: Change, *, at: datetime, number: int = 1) -> tuple[Put, ...]:
    """The change under this number; by itself for an account that the same transaction makes."""
    cause = (account_id, str(number))
    entry = AuditEntry(account_id, number, at, change.actor, change.action, change.target, change.before, change.after)
    mails = [put_mail(mail, *cause, at=at, account_id=account_id) for mail in change.mails]
    events = [put_events(change.events, account_id=account_id, number=number, at=at)] if change.events else []
    return (put_entry(entry), *mails, *events)


def retry_on_conflict[State, Result](
    ctx: Context, decide: Callable[[State], Result], state: State, *, reload: Callable[[], State]
) -> Result:
    """The result of `decide(state)`, which decides on what was read and writes.

    On a WriteConflict it waits, reads the state again with `reload` and decides again; Unavailable after the last try.
    """
    backoff = ctx.tables.backoff()
    while True:
        try:
            return decide(state)
        except WriteConflict:
            backoff()
        state = reload()
