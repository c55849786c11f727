"""Stored items that are broken, as no code writes them: by a defect, or by hand."""

from collections.abc import Callable, Mapping
from typing import Any

from tallybook.store import keys
from tallybook.store.commands import Put
from tallybook.store.keys import Key
from tests.support.app import App, Member

BREAKAGES: Mapping[str, Callable[[dict[str, Any]], object]] = {
    "without a schedule": lambda account: account.pop("calendar"),
    "without a status": lambda account: account.pop("status"),
    "an empty schedule": lambda account: account.update(calendar=[]),
    "no wall time": lambda account: account["calendar"][0].update(wall="soon"),
    "no time": lambda account: account.update(first_period_at="yesterday"),
    "text as a number": lambda account: account.update(entries="many"),
}


def break_item(app: App, key: Key, change: Callable[[dict[str, Any]], object]) -> None:
    item = app.ctx.tables.get(key) or {}
    change(item)
    app.ctx.tables.write(Put(key, {name: item[name] for name in item if name not in ("pk", "sk")}, condition=None))


def break_account(app: App, member: Member, breakage: str) -> None:
    break_item(app, keys.account(member.account.id), BREAKAGES[breakage])
