"""Allocations that are refused, and the user that an allocation is for."""

from collections.abc import Callable
from typing import Any

import pytest

from tallybook.domain.accounts import User
from tallybook.domain.errors import Invalid
from tallybook.store import keys
from tallybook.store.users import read_user
from tests.support.app import App, Member


def user_of(app: App, member: Member) -> User:
    return read_user(app.ctx.tables.get(keys.user(member.account.id, member.user.id)) or {})


def refused(call: Callable[[], Any]) -> tuple[str, str | None]:
    """Code and field of a 400."""
    with pytest.raises(Invalid) as told:
        call()
    return told.value.code, told.value.field
