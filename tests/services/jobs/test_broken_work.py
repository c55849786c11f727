"""A malformed entry of due work, or an outbox item that can't be read, does not stop those of others."""

import logging

import pytest

from tallybook.domain.audit import INVOICING
from tallybook.domain.closing_cursor import GRACE
from tallybook.domain.jobs import INVOICES, USAGE_CHECK, partition
from tallybook.services.jobs.due_tasks import due_tasks
from tallybook.services.jobs.invoicing import run_tasks
from tallybook.services.outbox.sweep import sweep
from tallybook.store import keys
from tallybook.store.commands import Put
from tallybook.store.keys import Key
from tests.support.app import App
from tests.support.broken_items import BREAKAGES, break_account, break_item


def test_a_malformed_entry_is_logged_and_the_others_are_found(app: App, caplog: pytest.LogCaptureFixture) -> None:
    members = [app.member() for _ in range(3)]
    for member in members:
        app.record(app.event(member))
        broken = {"work": partition("dirty", member.account.id), "due": "1999"}
        app.ctx.tables.write(Put(Key("core", f"ACCOUNT#{member.account.id}", "BROKEN"), broken))
    with caplog.at_level(logging.ERROR):
        assert {task.account_id for task in due_tasks(app.ctx, USAGE_CHECK)} == {one.account.id for one in members}
    assert len(caplog.records) == 3


@pytest.mark.parametrize("breakage", BREAKAGES)
def test_the_periods_of_other_accounts_close(app: App, breakage: str) -> None:
    broken, fine = app.member(), app.member()
    app.clock.moment = fine.account.closing_cursor.period.end + GRACE
    break_account(app, broken, breakage)
    done = list(run_tasks(app.ctx, due_tasks(app.ctx, INVOICES), actor=INVOICING))
    issued = {result.task.account_id: len(result.invoices) for result in done}
    assert issued == {fine.account.id: 1, broken.account.id: 0}


def test_a_sweep_delivers_the_items_beside_one_that_cannot_be_read(app: App, caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(3):
        app.member()
    items = [item for item in app.stored("core") if item["sk"] == "OUTBOX"]
    for item in items[:2]:
        break_item(app, keys.outbox(item["id"]), lambda stored: stored.pop("body"))
    with caplog.at_level(logging.ERROR):
        outcomes = sweep(app.ctx, app.fake_aws.channels(), deadline=float("inf"))
    assert outcomes == {"delivered": len(items) - 2, "left": 2}
    assert [record.exc_info is not None for record in caplog.records] == [True, True]
