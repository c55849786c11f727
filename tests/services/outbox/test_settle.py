"""After a restore, the tables before it know what became of each mail that was not delivered at the restored second."""

from types import SimpleNamespace
from typing import Any

from tallybook.services.outbox.deliver import retry
from tallybook.services.outbox.settle import settle_outbox
from tallybook.store import keys, outbox
from tallybook.store.outbox import read_outbox_item
from tallybook.store.requests import to_dynamodb
from tests.support.app import App
from tests.support.waiting_mails import put_waiting, stored_item


def test_a_mail_that_was_parked_and_delivered_since_is_not_parked_any_more(app: App) -> None:
    item_id = put_waiting(app, "fast", "reset")
    key = keys.outbox(item_id)
    app.ctx.tables.write(outbox.park(read_outbox_item(stored_item(app, item_id)), at=app.clock.now(), error="refused"))
    restored = app.ctx.tables.get(key) or {}
    retry(app.ctx, item_id)
    app.deliver()
    known = app.ctx.tables.get(key)
    before: Any = SimpleNamespace(get_many=lambda _: {key: known})
    app.client.put_item(TableName="core", Item=to_dynamodb(restored))
    assert list(settle_outbox(app.ctx, before)) == [1]
    assert stored_item(app, item_id)["state"] == "delivered"
