"""A migration converts each account once, goes on where it stopped, and records when only one format is left."""

from collections.abc import Mapping
from datetime import timedelta
from itertools import islice
from typing import Any

import pytest

from tallybook.domain.formats import FormatRefused, Formats
from tallybook.services.accounts.operator import create_account
from tallybook.services.releases import migrate as module
from tallybook.services.releases.conversions import CONVERSIONS, Conversion
from tallybook.services.releases.formats import find_formats
from tallybook.services.releases.migrate import count_accounts, migrate
from tallybook.store import keys
from tallybook.store.commands import Update
from tallybook.store.formats import put_formats, read_formats, read_migration, set_formats
from tests.support.app import App
from tests.support.migration import accounts, age_accounts, converted, run_migration


def audit(app: App) -> list[dict[str, Any]]:
    return [item for item in app.stored("core") if item.get("action") == "data.migrated"]


def operations(app: App) -> list[str]:
    return [operation for operation in app.meter.operations if operation not in ("get", "get_many", "query")]


def test_each_account_is_converted_and_the_end_is_recorded(app: App) -> None:
    members = [app.member() for _ in range(3)]
    before = accounts(app)
    age_accounts(app, *members[:2])
    assert count_accounts(app.ctx) == 3
    done = run_migration(app)
    assert sorted((one.account_id, len(one.updates)) for one in done) == sorted(
        (member.account.id, count) for member, count in zip(members, (1, 1, 0), strict=True)
    )
    assert accounts(app) == before
    assert find_formats(app.ctx).stored == (2,)
    assert set(app.ctx.tables.get(keys.format_item()) or ()) == {"pk", "sk", "formats", "writes", "since"}
    [entry] = audit(app)
    assert (entry["by"], entry["target"]) == ("operator", "format 2")
    assert (entry["before"], entry["after"]) == ({"formats": [1, 2]}, {"formats": [2]})


def test_a_second_migration_reads_the_record_and_does_nothing(app: App) -> None:
    age_accounts(app, app.member())
    run_migration(app)
    app.meter.clear()
    assert (count_accounts(app.ctx), run_migration(app)) == (0, [])
    assert set(app.meter.operations) == {"get"}
    assert len(audit(app)) == 1


def test_a_dry_run_shows_each_change_and_writes_nothing(app: App) -> None:
    member = app.member()
    age_accounts(app, member)
    app.meter.clear()
    [done] = run_migration(app, dry_run=True)
    assert [(update.key, dict(update.set)) for update in done.updates] == [
        (keys.account(member.account.id), {"schedules": 0})
    ]
    assert (operations(app), converted(app)) == ([], [False])


def test_a_stopped_migration_goes_on_at_its_last_batch(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_BATCH", 1)
    members = []
    for _ in range(12):
        members.append(app.member())
        app.clock.advance(seconds=1)
    age_accounts(app, *members)
    assert len(list(islice(migrate(app.ctx), 7))) == 7
    assert converted(app).count(True) == 7
    assert find_formats(app.ctx).stored == (1, 2)
    left = count_accounts(app.ctx)
    assert 5 <= left < 12
    assert len(run_migration(app)) == left
    assert converted(app) == [True] * 12
    assert find_formats(app.ctx).stored == (2,)


def test_an_account_that_can_not_be_read_stops_no_other_and_the_end(app: App) -> None:
    broken, *others = (app.member() for _ in range(3))
    age_accounts(app, broken, *others)
    app.ctx.tables.write(Update(keys.account(broken.account.id), remove=("plan",)))
    failures = [one for one in run_migration(app) if one.failure]
    assert [(one.account_id, repr(one.failure)) for one in failures] == [(broken.account.id, "KeyError('plan')")]
    assert converted(app).count(True) == 2
    assert (find_formats(app.ctx).stored, audit(app)) == ((1, 2), [])
    app.change_account(broken, plan="hobby")
    assert broken.account.id in [one.account_id for one in run_migration(app) if one.updates]
    assert find_formats(app.ctx).stored == (2,)


def test_functions_that_write_another_format_are_refused_before_any_change(app: App) -> None:
    age_accounts(app, app.member())
    formats = find_formats(app.ctx)
    for changed, words in (
        (formats._replace(writes=1), "writes format 1"),
        (formats._replace(writes=None, since=None), "not recorded"),
        (formats._replace(since=app.clock.now()), "try again in 3 minutes"),
        (formats._replace(stored=(2, 3)), "Use the release that wrote format 3"),
    ):
        app.ctx.tables.write(set_formats(formats, changed))
        with pytest.raises(FormatRefused, match=words):
            run_migration(app)
        formats = changed
    assert converted(app) == [False]


def test_a_new_release_that_is_deployed_meanwhile_ends_the_run_unrecorded(app: App) -> None:
    age_accounts(app, app.member(), app.member())
    running = migrate(app.ctx)
    next(running)
    formats = find_formats(app.ctx)
    app.ctx.tables.write(set_formats(formats, formats._replace(writes=None, since=None)))
    with pytest.raises(FormatRefused, match="A deployment began meanwhile"):
        list(running)
    assert (find_formats(app.ctx).stored, audit(app)) == ((1, 2), [])


def test_a_stage_without_accounts_is_migrated_at_once(app: App) -> None:
    app.ctx.tables.write(put_formats(Formats((1, 2), 2, app.clock.now())))
    assert run_migration(app, settled=timedelta(0)) == []
    assert find_formats(app.ctx).stored == (2,)


def test_what_this_release_stores_needs_no_conversion(app: App) -> None:
    member = app.member()
    app.record(app.event(member, quantity=1000))
    app.colleague(member)
    create_account(app.ctx, email="new@example.com", name=None, display_name=None)
    age_accounts(app)
    assert [one.updates for one in run_migration(app)] == [(), ()]


def test_a_conversion_of_many_items_writes_each_once(app: App) -> None:
    member = app.member()

    def mark(items: Mapping[keys.Key, Any]) -> list[Update]:
        return [Update(key, set={"marked": True}) for key, item in items.items() if "marked" not in item]

    def keys_of(account_id: str) -> list[keys.Key]:
        return [keys.closing(account_id), keys.user(account_id, member.user.id), keys.budget(account_id)]

    age_accounts(app, member)
    [done] = run_migration(app, conversions=[*CONVERSIONS, Conversion(keys_of, mark)])
    assert len(done.updates) == 3
    assert read_formats(app.ctx.tables.get(keys.format_item()) or {}).stored == (2,)
    assert read_migration(app.ctx.tables.get(keys.format_item()) or {}) is None
