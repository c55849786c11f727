"""Find a counted event by its identity, as long as its marker lives."""

from tallybook.domain.counted_events import CountedEvent
from tallybook.domain.errors import NotFound
from tallybook.domain.usage import MARKER_LIFE, event_identity
from tallybook.services.context import Context
from tallybook.store import keys
from tallybook.store.events import read_marker


def find_event(ctx: Context, *, source: str, id: str) -> CountedEvent:
    """The event, in one read; NotFound if none was counted, or only more than 36 days ago."""
    item = ctx.tables.get(keys.marker(event_identity(source=source, id=id)))
    if item is None:
        raise NotFound(f"No such event was counted in the last {MARKER_LIFE.days} days", resource="event")
    return read_marker(item, source=source, id=id)
