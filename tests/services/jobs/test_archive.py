"""An hourly call archives each table: one export after the other, without a gap, also after failures."""

from datetime import UTC, datetime
from typing import Any

import pytest

from tallybook.services.jobs.archive import Progress, archive_table
from tallybook.store import keys
from tallybook.store.archives import read_archive
from tests.support.app import App
from tests.support.cloud import NAMES, make_context
from tests.support.fake_exports import FakeExports
from tests.support.faults import Crash, Faults
from tests.support.race import interleave

NOON = datetime(2026, 4, 20, 12, 34, 56, tzinfo=UTC)


def day(number: int) -> datetime:
    return datetime(2026, 4, number, tzinfo=UTC)


@pytest.fixture
def exports(app: App) -> FakeExports:
    return FakeExports(app.clock)


def call(app: App, exports: FakeExports, name: str = "core") -> Progress:
    return archive_table(app.ctx, exports.gateway(), name, NAMES[name])


def test_all_items_come_first_then_the_changes_since(app: App, exports: FakeExports) -> None:
    assert call(app, exports) == Progress("started", None)
    app.clock.advance(hours=1)
    assert call(app, exports) == Progress("waiting", NOON)
    app.clock.advance(hours=11)
    assert call(app, exports) == Progress("started", NOON)
    app.clock.advance(days=1)
    assert call(app, exports) == Progress("started", day(21))
    assert exports.windows("core") == [None, (NOON, day(21)), (day(21), day(22))]
    folders = [request["S3Prefix"] for request in exports.requests.values()]
    assert folders == ["core/full/2026-04-20", "core/changes/2026-04-20", "core/changes/2026-04-21"]


def test_each_table_has_its_own_place(app: App, exports: FakeExports) -> None:
    for name in ("core", "usage"):
        call(app, exports, name)
    assert exports.windows("core") == exports.windows("usage") == [None]


def test_a_running_export_is_awaited(app: App, exports: FakeExports) -> None:
    call(app, exports)
    exports.status = "IN_PROGRESS"
    app.clock.advance(days=3)
    assert call(app, exports) == Progress("running", None)
    assert len(exports.requests) == 1


@pytest.mark.parametrize("forgotten", [False, True])
def test_a_failed_export_is_made_again_and_reported(app: App, exports: FakeExports, forgotten: bool) -> None:
    call(app, exports)
    app.clock.advance(days=1)
    call(app, exports)
    exports.status, exports.forgotten = "FAILED", forgotten
    assert call(app, exports) == Progress("started", NOON, failed=True)
    assert exports.windows("core") == [None, (NOON, day(21)), (NOON, day(21))]


def test_a_failed_export_is_reported_until_it_is_made(app: App, exports: FakeExports) -> None:
    """Lambda repeats a failed call after a minute: a repetition that succeeds would leave the failure unreported."""
    call(app, exports)
    app.clock.advance(days=1)
    call(app, exports)
    exports.status = "FAILED"
    assert call(app, exports).failed
    exports.status = "IN_PROGRESS"
    for _ in range(2):
        assert call(app, exports) == Progress("running", NOON, failed=True)
    exports.status = "COMPLETED"
    assert call(app, exports) == Progress("waiting", day(21))


def test_two_calls_at_once_start_one_export(app: App, exports: FakeExports) -> None:
    answers: list[Any] = []
    late = interleave(app, "update_item", lambda: answers.append(call(app, exports)))
    answers.append(archive_table(late, exports.gateway(), "core", NAMES["core"]))
    assert [answer.step for answer in answers] == ["started", "running"]
    assert len(exports.requests) == 1
    stored = read_archive(app.ctx.tables.get(keys.archive(NAMES["core"])))
    assert stored.arn in exports.requests


def test_a_first_export_that_no_call_noted_by_midnight_is_made_anew(app: App, exports: FakeExports) -> None:
    """AWS refuses a token that is used again with another folder."""
    app.clock.advance(hours=11)
    dying = make_context(app.client, interceptor=Faults().crash_at(2), clock=app.clock)
    with pytest.raises(Crash):
        archive_table(dying, exports.gateway(), "core", NAMES["core"])
    app.clock.advance(hours=1)
    assert call(app, exports) == Progress("started", None)
    assert exports.windows("core") == [None, None]
