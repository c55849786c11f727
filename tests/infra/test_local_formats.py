"""The local bundle's data: refused before a deployment if the code can't read it, migrated after it."""

import pytest

from infra.local.deploy import Deployed
from infra.local.formats import check_data, migrate_data
from infra.local.state_dir import CannotStart
from infra.release.outputs import outputs_of
from tallybook.domain.formats import Formats, Release
from tallybook.services.releases.formats import find_formats
from tallybook.store import keys
from tallybook.store.commands import Update
from tallybook.store.formats import put_formats
from tests.support.app import App
from tests.support.migration import age_accounts, converted


def test_data_of_a_later_release_is_refused_and_stays(app: App) -> None:
    app.ctx.tables.write(put_formats(Formats((2, 3), 3, app.clock.now())))
    with pytest.raises(CannotStart, match="Use the release that wrote format 3, or a later one, or remove the state"):
        check_data(app.ctx, Deployed(outputs_of(Release((2, 3), 3)), ""))
    assert find_formats(app.ctx).stored == (2, 3)


@pytest.mark.parametrize("release", [None, Release((1,), 1), Release((1, 2), 1)])
def test_an_older_bundle_is_replaced_and_its_data_migrated_at_once(app: App, release: Release | None) -> None:
    member, steps = app.member(), list[str]()
    age_accounts(app, member)
    check_data(app.ctx, Deployed(outputs_of(release) if release else {}, ""))
    migrate_data(app.ctx, step=steps.append)
    assert steps == ["Migrating the data to format 2"]
    assert (converted(app), find_formats(app.ctx).stored) == ([True], (2,))


def test_an_account_that_can_not_be_read_is_named_and_the_start_goes_on(app: App) -> None:
    member, steps = app.member(), list[str]()
    age_accounts(app, member)
    app.ctx.tables.write(Update(keys.account(member.account.id), remove=("plan",)))
    migrate_data(app.ctx, step=steps.append)
    assert steps[1:] == [f"{member.subject} is left as it was: KeyError: 'plan'"]
    assert find_formats(app.ctx).stored == (1, 2)


def test_a_new_or_migrated_bundle_is_not_migrated(empty_app: App) -> None:
    steps: list[str] = []
    for _ in range(2):
        migrate_data(empty_app.ctx, step=steps.append)
    assert (steps, find_formats(empty_app.ctx).stored) == ([], (2,))
