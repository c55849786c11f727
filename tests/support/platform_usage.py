"""Usage sent with a platform key, as the route does it but without HTTP, and the keys that the markers name."""

from typing import Any

from tallybook.domain.credentials import PlatformCaller
from tallybook.services.context import Context
from tallybook.services.identity.authenticate import authorize_platform
from tallybook.services.metering.ingest import account_keys, record_usage
from tallybook.services.metering.refuse_sources import refuse_sources
from tallybook.store.events import read_marker
from tallybook.wire.requests.cloudevents import read_events
from tests.support.app import HERE, App
from tests.support.ndjson import as_json


def send_usage(ctx: Context, key: str, events: list[dict[str, Any]]) -> list[str]:
    """The status of each event; errors as those of the key."""
    submitted = read_events(as_json(events))
    used, accounts = authorize_platform(ctx, PlatformCaller(key, HERE), "usage:write", also=account_keys(submitted))
    return [result.status for result in record_usage(ctx, refuse_sources(submitted, used), accounts, key_id=used.id)]


def keys_of_markers(app: App) -> list[str | None]:
    """The id of the platform key of each counted event."""
    markers = [read_marker(row, source=row["s"], id=row["i"]) for row in app.stored("usage", "EVENT")]
    return [marker.acceptance.key_id for marker in markers]
