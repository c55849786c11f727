"""`tallybook migrate` over golden items: what an account is stays, and it goes on living afterwards."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tallybook.domain.formats import THIS, Formats
from tallybook.services.releases.formats import find_formats
from tallybook.services.releases.migrate import migrate
from tallybook.store.accounts import account_item, read_account
from tallybook.store.formats import put_formats
from tests.golden.going_on import GoingOn
from tests.golden.items import NEWEST, SETS
from tests.golden.loading import load
from tests.golden.present import handlers_of
from tests.support.app import App


def migrated(app: App) -> int:
    """Migrate the items; the number of changed ones."""
    app.ctx.tables.write(put_formats(Formats(THIS.reads, THIS.writes, app.clock.now() - timedelta(days=1))))
    done = list(migrate(app.ctx))
    assert [one.failure for one in done if one.failure] == []
    assert find_formats(app.ctx).stored == (THIS.writes,)
    return sum(len(one.updates) for one in done)


@pytest.mark.parametrize("name", SETS)
def test_accounts_stay_the_same_and_get_every_attribute(empty_app: App, name: str) -> None:
    app = empty_app
    load(app, name)
    before = {item["id"]: read_account(item) for item in app.stored("core", "ACCOUNT")}
    assert bool(migrated(app)) is (name != NEWEST)
    for item in app.stored("core", "ACCOUNT"):
        account = read_account(item)
        assert account == replace(before[item["id"]], wallet=account.wallet)
        assert account.wallet == before[item["id"]].wallet._replace(welcome=account.wallet.welcome)
        stored = {name: value for name, value in account_item(account).items() if value is not None}
        assert stored.items() <= item.items()


def test_migrated_accounts_go_on(empty_app: App) -> None:
    credentials = load(empty_app, "1")
    migrated(empty_app)
    with handlers_of(empty_app):
        GoingOn(empty_app, credentials).live()
