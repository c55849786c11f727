"""Accounts of an earlier format, and a release that migrates them."""

from datetime import timedelta
from typing import Any

from tallybook.domain.formats import Formats
from tallybook.services.releases.migrate import Converted, migrate
from tallybook.store import keys
from tallybook.store.commands import Update
from tallybook.store.formats import put_formats
from tests.support.app import App, Member

ADDED = ("schedules",)
"""Attributes of an account that an earlier release did not store, and that its reader has a default for."""


def age_accounts(app: App, *members: Member) -> None:
    """Leave the accounts as an earlier release stored them, on a stage whose functions write the present format."""
    for member in members:
        app.ctx.tables.write(Update(keys.account(member.account.id), remove=ADDED))
    app.ctx.tables.write(put_formats(Formats((1, 2), 2, app.clock.now() - timedelta(days=1))))


def accounts(app: App) -> list[dict[str, Any]]:
    """All stored accounts, by id."""
    return sorted(app.stored("core", "ACCOUNT"), key=lambda item: item["pk"])


def converted(app: App) -> list[bool]:
    """Of each account, whether it has what the earlier release did not store."""
    return [set(ADDED) <= item.keys() for item in accounts(app)]


def run_migration(app: App, **how: Any) -> list[Converted]:
    return list(migrate(app.ctx, **how))
