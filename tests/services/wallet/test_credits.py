"""Credits change the wallet once for each reference."""

import pytest

from tallybook.domain.errors import Conflict, Invalid, NotFound
from tallybook.services.wallet.credits import Move, give_credits
from tests.support.app import App, Member
from tests.support.invariants import check_invariants


def give(app: App, member: Member, amount: int, *, kind: str = "grant", reference: str = "order 7") -> int:
    key = app.platform("accounts:admin")
    app.meter.clear()
    move = Move(account_id=member.account.id, amount=amount, kind=kind, reference=reference)
    entry = give_credits(app.ctx, key, move)
    check_invariants(app)
    return entry.balance_after


def test_a_repeated_reference_moves_money_once(app: App) -> None:
    member = app.member()
    assert give(app, member, 500) == 1_000_500
    assert app.meter.calls == 2
    assert give(app, member, 500) == 1_000_500
    assert give(app, member, 500, reference="order 8") == 1_001_000


def test_each_account_has_its_own_references(app: App) -> None:
    assert give(app, app.member(), 1) == give(app, app.member(), 1) == 1_000_001


@pytest.mark.parametrize(("amount", "kind"), [(501, "grant"), (500, "adjustment")])
def test_a_reference_with_other_content_is_a_conflict(app: App, amount: int, kind: str) -> None:
    member = app.member()
    give(app, member, 500)
    with pytest.raises(Conflict) as refused:
        give(app, member, amount, kind=kind)
    assert refused.value.code == "reference_reused"
    check_invariants(app)


def test_an_adjustment_adds_or_takes_even_below_zero(app: App) -> None:
    assert give(app, app.member(), -1_500_000, kind="adjustment") == -500_000


@pytest.mark.parametrize(("amount", "kind"), [(0, "adjustment"), (0, "grant"), (-1, "grant"), (10**15 + 1, "grant")])
def test_an_invalid_amount_for_its_kind_is_refused(app: App, amount: int, kind: str) -> None:
    with pytest.raises(Invalid) as refused:
        give(app, app.member(), amount, kind=kind)
    assert refused.value.field == "amount"


def test_an_unknown_or_deleted_account_is_not_found(app: App) -> None:
    member = app.member()
    app.change_account(member, status="deleted")
    with pytest.raises(NotFound):
        give(app, member, 5)
