"""Waiting mails of both lanes, stored without their cause; each has a cause of its own."""

from typing import Any

from tallybook.domain.outbox import STREAM_BATCH, Lane, Mail
from tallybook.store import keys
from tallybook.store.commands import Update
from tallybook.store.outbox import put_mail
from tests.functions.lambda_events import stream_record
from tests.support.app import App
from tests.support.call import LambdaContext

TEMPLATES: dict[Lane, str] = {"fast": "account_resumed", "slow": "welcome"}
CONTEXT = {"account": "Acme", "at": "now", "name": "Ada", "email": "ada@example.com", "plan": "free", "credits": 0}


def put_waiting(app: App, lane: Lane, cause: str) -> str:
    """Store a mail to `<cause>@example.com`, due now; return its item's id."""
    put = put_mail(Mail(TEMPLATES[lane], (f"{cause}@example.com",), CONTEXT), cause, at=app.clock.now())
    app.ctx.tables.write(put)
    return put.key.pk.removeprefix("OUTBOX#")


def put_many(app: App, lane: Lane, count: int) -> list[str]:
    return [put_waiting(app, lane, f"{lane}{number}") for number in range(count)]


def as_of_an_earlier_release(app: App, item_id: str) -> None:
    """Store the item as releases without lanes did, whatever its lane."""
    app.ctx.tables.write(Update(keys.outbox(item_id), set={"work": "outbox#0"}))


def stored_item(app: App, item_id: str) -> dict[str, Any]:
    return next(item for item in app.stored("core", "OUTBOX") if item["id"] == item_id)


def run_stream(app: App, item_ids: list[str]) -> list[dict[str, int]]:
    """Call the outbox function with the insertions in their order, in full batches, as the stream does behind time."""
    from outbox.app import handler

    items = {item["id"]: item for item in app.stored("core", "OUTBOX")}
    records = [stream_record(items[item_id]) for item_id in item_ids]
    batches = [records[start : start + STREAM_BATCH] for start in range(0, len(records), STREAM_BATCH)]
    return [handler({"Records": batch}, LambdaContext()) for batch in batches]
