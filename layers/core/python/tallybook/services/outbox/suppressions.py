"""Suppressed addresses: after a bounce or complaint an address gets no mail until the operator lifts it."""

from collections.abc import Iterable
from datetime import datetime

from tallybook.domain.emails import distinct, mailbox
from tallybook.domain.errors import NotFound
from tallybook.domain.times import parse_instant
from tallybook.services.context import Context
from tallybook.services.outbox.hooks import Hooks
from tallybook.store import keys
from tallybook.store.audit import put_operator_entry
from tallybook.store.outbox import read_mail, read_outbox_item
from tallybook.store.suppressions import Reason, lift, suppress


def suppress_addresses(ctx: Context, addresses: Iterable[str], *, reason: Reason) -> int:
    """Suppress the addresses; returns their number. Repeating the call changes nothing."""
    at = ctx.clock.now()
    mailboxes = set(map(mailbox, addresses))
    for address in sorted(mailboxes):
        ctx.tables.write(suppress(address, reason=reason, at=at))
    return len(mailboxes)


def note_bounce(ctx: Context, hooks: Hooks, item_id: str, addresses: Iterable[str]) -> None:
    """Let the hook of the mail's template record that the mail never reached these addresses."""
    stored = ctx.tables.get(keys.outbox(item_id))
    if stored is None or stored["kind"] != "mail":
        return
    hook = hooks.get(stored["body"].get("letter"))
    if hook is None:  # also for a mail of another release, which may have another shape
        return
    mail, unreached = read_mail(read_outbox_item(stored)), set(map(mailbox, addresses))
    bounced = [address for address in distinct(mail.to) if mailbox(address) in unreached]
    if bounced and (commands := hook.on_bounced(mail, bounced)):
        ctx.tables.transact(commands)


def find_suppression(ctx: Context, address: str) -> tuple[Reason, datetime]:
    """Why and since when the address is suppressed; NotFound if it is not."""
    item = ctx.tables.get(keys.suppressed(address))
    if item is None:
        raise _not_suppressed()
    return item["reason"], parse_instant(item["at"])


def lift_suppression(ctx: Context, address: str) -> None:
    """The address gets mail again; mails that were skipped stay skipped. NotFound if it is not suppressed."""
    now = ctx.clock.now()
    entry = put_operator_entry(ctx.new_id(now), at=now, action="suppression.lifted", target=mailbox(address), after={})
    ctx.tables.transact([lift(address, refusal=_not_suppressed()), entry])


def _not_suppressed() -> NotFound:
    return NotFound("This address is not suppressed", resource="suppression")
