"""What an area records about the delivery of its mails. The outbox calls the hook of a mail's template."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from tallybook.domain.outbox import Mail
from tallybook.store.commands import Update

type Hooks = Mapping[str, DeliveryHook]


class DeliveryHook(NamedTuple):
    """`on_sent` gets the addresses that have the mail so far; its commands are written with the outbox item's step.

    `on_bounced` gets those of the mail's addresses that it never reached. Both may be called repeatedly.
    """

    on_sent: Callable[[Mail, Sequence[str]], Sequence[Update]]
    on_bounced: Callable[[Mail, Sequence[str]], Sequence[Update]]
