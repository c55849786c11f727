"""Credits change the wallet once for each reference."""

import pytest

from tallybook.domain.errors import Conflict, Invalid, NotFound
from tallybook.services.wallet.credits import Move, give_credits
from tests.support.app import App, Member
from tests.support.invariants import check_invariants


def give(
    app: App, member: Member, amount: int, *, kind: str = "grant", reference: str = "order 7", note: str | None = None
) -> int:
    key = app.platform("accounts:admin")
    app.meter.clear()
    move = Move(account_id=member.account.id, amount=amount, kind=kind, reference=reference, note=note)
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


@pytest.mark.parametrize("text", [" ", "\u200b", "\u3164", "a\x00"])
def test_a_reference_or_note_that_nobody_can_read_is_refused(app: App, text: str) -> None:
    member = app.member()
    for texts in ({"reference": text}, {"note": text}):
        with pytest.raises(Invalid) as refused:
            give(app, member, 5, **texts)
        assert refused.value.field == next(iter(texts))
    give(app, member, 5, note="two\nlines")


def test_a_stored_entry_is_found_again_by_a_reference_that_is_refused_now(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    member = app.member()
    with monkeypatch.context() as earlier:
        earlier.setattr("tallybook.services.wallet.credits.check_line", lambda text, **_: text)
        assert give(app, member, 5, reference="\u200b") == 1_000_005
    assert give(app, member, 5, reference="\u200b") == 1_000_005


def test_an_unknown_or_deleted_account_is_not_found(app: App) -> None:
    member = app.member()
    app.change_account(member, status="deleted")
    with pytest.raises(NotFound):
        give(app, member, 5)
