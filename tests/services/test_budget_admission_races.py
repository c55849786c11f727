"""While a session starts under a hard budget, the budget is changed: it starts only where it would after that too."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from tallybook.domain.admission import NotAdmitted
from tallybook.domain.credentials import PlatformCaller
from tallybook.services.authenticate import authenticate
from tallybook.services.budgets import remove_budget
from tallybook.services.run_sessions import start_session
from tests.services.test_budget_admission import restricted
from tests.services.test_run_sessions import wanted
from tests.support.budgets import budgeted, edit, spend
from tests.support.cloud import make_context
from tests.support.house import House
from tests.support.invariants import check_invariants


@pytest.fixture
def key(house: House) -> PlatformCaller:
    return house.platform()


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
def test_an_edit_at_the_same_moment_counts(
    house: House, key: PlatformCaller, edits: list[dict[str, Any]], starts: bool
) -> None:
    member = budgeted(house, limit_type="hard")
    spend(house, member, "50")
    left = list(edits)

    def edited_first(operation: str, call: Callable[[], Any]) -> Any:
        if operation == "transact_write_items":
            while left:
                edit(house, member, **left.pop(0))
        return call()

    racing = make_context(house.client, port=edited_first, clock=house.clock)
    if starts:
        start_session(racing, key, wanted(member))
    else:
        with pytest.raises(NotAdmitted) as told:
            start_session(racing, key, wanted(member))
        assert list(told.value.reasons) == [restricted("40", "50")]
    assert house.account_of(member).running == int(starts)
    check_invariants(house)


def test_a_deletion_at_the_same_moment_lets_it_start(house: House, key: PlatformCaller) -> None:
    member = budgeted(house, limit_type="hard")
    deleted: list[bool] = []

    def deleted_first(operation: str, call: Callable[[], Any]) -> Any:
        if operation == "transact_write_items" and not deleted:
            deleted.append(True)
            remove_budget(house.ctx, authenticate(house.ctx, member.api_key))
        return call()

    racing = make_context(house.client, port=deleted_first, clock=house.clock)
    assert start_session(racing, key, wanted(member)).status == "running"
