"""Record in a budget's messages which addresses got the mail, and for which it bounced."""

from collections.abc import Sequence

from tallybook.domain.outbox import Mail, MessagesRef
from tallybook.services.outbox.hooks import DeliveryHook
from tallybook.store.budgets import note_bounced, note_sent
from tallybook.store.commands import Update


def record_sent(mail: Mail, addresses: Sequence[str]) -> Sequence[Update]:
    match mail.subject_ref:
        case MessagesRef(account_id, first, last):
            return note_sent(account_id, first, last, sent=addresses)
    return ()


def record_bounced(mail: Mail, addresses: Sequence[str]) -> Sequence[Update]:
    match mail.subject_ref:
        case MessagesRef(account_id, first, last):
            return note_bounced(account_id, first, last, addresses=set(addresses))
    return ()


ALERT_DELIVERY = DeliveryHook(on_sent=record_sent, on_bounced=record_bounced)
