"""The budget changes while a session starts: it starts only if it could start after the change."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from tallybook.domain.admission import NotAdmitted
from tallybook.domain.credentials import PlatformCaller
from tallybook.services.metering.sessions import start_session
from tests.support.app import App
from tests.support.budgets import (
    edit_budget,
    member_with_budget,
    remove_budget_of,
    restricted_reason,
    set_up_budget,
    spend,
)
from tests.support.cloud import make_context
from tests.support.invariants import check_invariants
from tests.support.race import interleave
from tests.support.sessions import session_request


@pytest.mark.parametrize(
    ("edits", "starts"),
    [
        ([{"amount": Decimal(40)}], False),
        ([{"amount": Decimal(60)}], True),
        ([{"amount": Decimal(40)}, {"amount": Decimal(100)}], True),
        ([{"limit_type": "soft", "amount": Decimal(40)}], True),
    ],
    ids=str,
)
def test_an_edit_during_the_start_counts(
    app: App, key: PlatformCaller, edits: list[dict[str, Any]], starts: bool
) -> None:
    member = member_with_budget(app, limit_type="hard")
    spend(app, member, "50")
    left = list(edits)

    def edit_first(operation: str, call: Callable[[], Any]) -> Any:
        if operation == "transact_write_items":
            while left:
                edit_budget(app, member, **left.pop(0))
        return call()

    ctx = make_context(app.client, interceptor=edit_first, clock=app.clock)
    if starts:
        start_session(ctx, key, session_request(member))
    else:
        with pytest.raises(NotAdmitted) as refused:
            start_session(ctx, key, session_request(member))
        assert list(refused.value.reasons) == [restricted_reason("40", "50")]
    assert app.account_of(member).counts.running_count == int(starts)
    check_invariants(app)


@pytest.mark.parametrize("before", [None, {"limit_type": "soft"}, {"limit_type": "hard", "is_active": False}], ids=str)
def test_a_limit_set_during_the_start_counts(app: App, key: PlatformCaller, before: dict[str, Any] | None) -> None:
    member = app.member()
    if before:
        set_up_budget(app, member)
        edit_budget(app, member, **before)
    spend(app, member, "100")

    def set_limit() -> None:
        if before:
            edit_budget(app, member, limit_type="hard", is_active=True)
        else:
            set_up_budget(app, member, limit_type="hard")

    with pytest.raises(NotAdmitted) as refused:
        start_session(interleave(app, "transact_write_items", set_limit), key, session_request(member))
    assert list(refused.value.reasons) == [restricted_reason("100", "100")]
    check_invariants(app)


def test_a_deletion_during_the_start_lets_the_session_start(app: App, key: PlatformCaller) -> None:
    member = member_with_budget(app, limit_type="hard")
    ctx = interleave(app, "transact_write_items", lambda: remove_budget_of(app, member))
    assert start_session(ctx, key, session_request(member)).status == "running"
