"""The item `format`: what is recorded by deployments, and what a function's start makes of it."""

from datetime import timedelta
from typing import Any

import pytest

from tallybook.domain.formats import THIS, UNRECORDED, FormatRefused, Formats, Release
from tallybook.services.releases.formats import find_formats, record_release
from tallybook.services.releases.start import check_start
from tallybook.store import keys
from tallybook.store.commands import Put
from tallybook.store.formats import Migration, put_formats, read_formats, read_migration, set_positions
from tests.support.app import App
from tests.support.cloud import make_context
from tests.support.faults import Faults, client_error, cut_off, throttle
from tests.support.race import interleave

NEWER = Formats((2, 99))


def test_empty_tables_have_the_format_of_the_first_deployment(empty_app: App) -> None:
    ctx = empty_app.ctx
    assert record_release(ctx, deployed=THIS) == Formats((THIS.writes,), THIS.writes, ctx.clock.now())
    assert find_formats(ctx) == Formats((THIS.writes,), THIS.writes, ctx.clock.now())


def test_a_stage_with_data_and_no_record_has_the_formats_of_earlier_releases(app: App) -> None:
    assert find_formats(app.ctx).stored == UNRECORDED
    app.member()
    assert find_formats(app.ctx) == Formats(UNRECORDED)
    assert record_release(app.ctx, deployed=None) == Formats(UNRECORDED)
    assert find_formats(app.ctx) == Formats(UNRECORDED)


def test_accounts_alone_are_data(empty_app: App, app: App) -> None:
    app.member()
    app.client.delete_item(TableName="core", Key={"pk": {"S": "CATALOG"}, "sk": {"S": "CURRENT"}})
    assert find_formats(app.ctx).stored == UNRECORDED


def test_a_refused_release_changes_nothing(app: App) -> None:
    app.ctx.tables.write(put_formats(NEWER))
    with pytest.raises(FormatRefused):
        record_release(app.ctx, deployed=None)
    assert find_formats(app.ctx) == NEWER


def test_a_repeated_record_writes_nothing(app: App) -> None:
    record_release(app.ctx, deployed=THIS)
    app.clock.advance(days=1)
    app.meter.clear()
    record_release(app.ctx, deployed=THIS)
    assert app.meter.write_units == 0


def test_a_release_recorded_by_two_at_once_is_recorded_once(app: App) -> None:
    ctx = interleave(app, "put_item", lambda: record_release(app.ctx, deployed=None))
    assert record_release(ctx, deployed=THIS) == Formats(UNRECORDED, THIS.writes, app.clock.now())


def test_a_change_of_the_record_lets_a_migration_begin_again(app: App) -> None:
    before = record_release(app.ctx, deployed=THIS)
    app.ctx.tables.write(set_positions(before, None, Migration(THIS.writes, {"account#0": "2026"})))
    app.clock.advance(days=1)
    old = Release((1, 2), 1)
    record_release(app.ctx, code=old, deployed=THIS)
    record_release(app.ctx, code=old, deployed=old)
    record_release(app.ctx, deployed=old)
    record_release(app.ctx, deployed=THIS)
    item = app.ctx.tables.get(keys.format_item())
    assert item is not None
    assert read_migration(item) is None
    assert read_formats(item).since == before.since + timedelta(days=1)  # type: ignore[operator] # it is recorded


def test_a_start_on_readable_data_passes_at_half_a_unit(app: App) -> None:
    for _ in range(2):
        app.meter.clear()
        check_start(app.ctx)
        assert (app.meter.calls, app.meter.read_units) == (1, 0.5)
        app.ctx.tables.write(put_formats(Formats(THIS.reads)))


def test_a_start_on_data_of_a_newer_release_is_refused(app: App) -> None:
    app.ctx.tables.write(put_formats(NEWER))
    with pytest.raises(FormatRefused, match="The data has formats 2 and 99, and this code reads formats 1 and 2"):
        check_start(app.ctx)


@pytest.mark.parametrize(
    "broken",
    [
        {},
        {"formats": []},
        {"formats": ["two"]},
        {"formats": 2},
        {"formats": [2], "writes": "x"},
        {"formats": [2], "since": 1},
    ],
)
def test_a_record_that_can_not_be_read_is_refused_and_says_what_to_do(app: App, broken: dict[str, object]) -> None:
    app.ctx.tables.write(Put(keys.format_item(), broken))
    for read in (check_start, find_formats, lambda ctx: record_release(ctx, deployed=THIS)):
        with pytest.raises(FormatRefused, match=r"The item FORMAT .* can't be read: restore it"):
            read(app.ctx)


@pytest.mark.parametrize(
    "fault", [throttle, cut_off, lambda operation: client_error(operation, "AccessDeniedException")]
)
def test_a_start_that_can_not_read_the_format_is_logged_and_goes_on(
    app: App, caplog: pytest.LogCaptureFixture, fault: Any
) -> None:
    faults = Faults().fail_nth(1, error=fault)
    check_start(make_context(app.client, interceptor=faults))
    assert faults.calls == 1, "a start has no time for retries"
    assert "the format of the data was not checked" in caplog.text
