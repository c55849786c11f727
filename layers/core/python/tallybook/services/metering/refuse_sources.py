"""A platform key may be restricted to some sources of events. Only requests have a key: the queue doesn't load this."""

from collections.abc import Iterable

from tallybook.domain.credentials import PlatformKey
from tallybook.domain.usage import Event, Result
from tallybook.services.metering.ingest import Submitted

SOURCE_NOT_ALLOWED = "source_not_allowed"


def refuse_sources(submitted: Iterable[Submitted], key: PlatformKey) -> list[Submitted]:
    """The events, but Results in place of those whose source the key may not send, whether they were counted or not."""
    return [
        Result(item.id, "rejected", SOURCE_NOT_ALLOWED)
        if isinstance(item, Event) and not key.may_send_from(item.source)
        else item
        for item in submitted
    ]
