"""Exports start, run and end, on the emulated cloud; the same token starts one export."""

import time
from datetime import UTC, datetime, timedelta
from typing import Any

from tallybook.gateways.exports import Exports
from tests.support.cloud import create_tables

NOW = datetime(2026, 11, 2, 0, 10, tzinfo=UTC)


def test_exports_of_items_and_of_changes_end(_emulator: Any) -> None:  # noqa: PT019 a fixture of the session
    cloud, client = _emulator
    cloud.reset()
    create_tables(client)
    arn = client.describe_table(TableName="core")["Table"]["TableArn"]
    exports = Exports(client, "bucket", {"core": arn})
    all_items = exports.start("core", start=None, end=None, now=NOW, token="1")
    assert abs(datetime.now(UTC) - all_items.at) < timedelta(minutes=1)
    window = {"start": NOW - timedelta(days=1), "end": NOW - timedelta(minutes=10)}
    changes = exports.start("core", **window, now=NOW, token="2")
    assert exports.start("core", **window, now=NOW, token="2").arn == changes.arn != all_items.arn
    deadline = time.monotonic() + 5
    while exports.status(changes.arn) == "running" and time.monotonic() < deadline:
        time.sleep(0.2)
    assert exports.status(changes.arn) == exports.status(all_items.arn) == "done"
    assert exports.status(f"{arn}/export/unknown") == "failed"
