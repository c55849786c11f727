"""An archive's call that dies at any external call and is repeated leaves no gap, and starts no export twice."""

from typing import Any

from tallybook.services.jobs.archive import archive_table
from tallybook.store import keys
from tallybook.store.archives import read_archive
from tests.simulation.conftest import Sweep
from tests.support.app import App
from tests.support.cloud import NAMES
from tests.support.fake_exports import FakeExports


def call(app: App, exports: FakeExports) -> None:
    archive_table(app.ctx, exports.gateway(app.fake_aws.interceptor), "core", NAMES["core"])


def check(app: App, exports: FakeExports, _answer: Any) -> None:
    windows = exports.windows("core")
    assert len(set(windows)) == len(windows)
    stored = read_archive(app.ctx.tables.get(keys.archive(NAMES["core"])))
    last = windows[-1]
    if stored.export:
        assert stored.arn == list(exports.requests)[-1]
    else:  # the repetition found that the noted export is done
        assert stored.until == (last[1] if last else app.clock.now())


def test_the_first_export(sweep: Sweep) -> None:
    assert sweep(lambda app: FakeExports(app.clock), call, check) == 3


def test_the_next_window(sweep: Sweep) -> None:
    def prepare(app: App) -> FakeExports:
        exports = FakeExports(app.clock)
        call(app, exports)
        app.clock.advance(days=1)
        return exports

    assert sweep(prepare, call, check) == 4
