"""The formats of the local bundle's data: checked before a deployment, and migrated after it."""

from collections.abc import Callable
from datetime import timedelta

from infra.local.deploy import Deployed
from infra.local.state_dir import CannotStart
from infra.release.outputs import release_of
from tallybook.domain.formats import THIS, FormatRefused
from tallybook.services.context import Context
from tallybook.services.releases.formats import record_release
from tallybook.services.releases.migrate import migrate


def check_data(ctx: Context, before: Deployed) -> None:
    """CannotStart if this code can't read the data. It may write what the deployed one can't read: that one ends."""
    release = release_of(before.outputs)
    try:
        record_release(ctx, deployed=release if release and THIS.writes in release.reads else None)
    except FormatRefused as refused:
        raise CannotStart(f"{refused.message}, or remove the state with make reset, then make run") from None


def migrate_data(ctx: Context, *, step: Callable[[str], None]) -> None:
    """Record what the functions write now, and convert what they read only for older data."""
    formats = record_release(ctx, deployed=THIS)
    if formats.stored == (THIS.writes,):
        return
    step(f"Migrating the data to format {THIS.writes}")
    for done in migrate(ctx, settled=timedelta(0)):
        if done.failure:
            step(f"acc-{done.account_id} is left as it was: {type(done.failure).__name__}: {done.failure}")
