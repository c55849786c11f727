"""A plan with a price needs a balance above the welcome credit, which counts as spent last."""

from typing import Any

import pytest

from tallybook.domain.errors import PaymentRequired
from tallybook.services.identity.authenticate import authenticate
from tallybook.services.subscriptions.preview import preview_plan
from tallybook.services.subscriptions.subscription import change_subscription
from tallybook.services.wallet.credits import Move, give_credits
from tallybook.store import keys
from tallybook.store.commands import Update
from tests.support.app import App, Member
from tests.support.invariants import check_invariants

DOLLAR = 1_000_000


def move(app: App, member: Member, amount: int) -> None:
    kind: Any = "grant" if amount > 0 else "adjustment"
    give_credits(app.ctx, app.platform(), Move(member.account.id, amount, kind, f"order {amount}"))


def use_credits(app: App, member: Member, quantity: int) -> None:
    assert [one.status for one in app.record(app.event(member, meter="credits", quantity=quantity))] == ["accepted"]


def store_as_before(app: App, member: Member) -> None:
    """The account's item as the code wrote it that had no `welcome`, but `credited`."""
    app.ctx.tables.write(Update(keys.account(member.account.id), set={"credited": 5}, remove=("welcome",)))


def missing(app: App, member: Member) -> str | None:
    """What the preview reports; the change must agree."""
    principal = authenticate(app.ctx, member.api_key)
    preview = preview_plan(app.ctx, principal, "pro")
    if preview.missing is None:
        assert change_subscription(app.ctx, principal, "pro")[1].new_plan == "pro"
    else:
        with pytest.raises(PaymentRequired) as refused:
            change_subscription(app.ctx, principal, "pro")
        assert (refused.value.code, str(refused.value)) == (preview.missing.code, str(preview.missing))
    check_invariants(app)
    return preview.missing and preview.missing.code


@pytest.mark.parametrize("old", [False, True], ids=["stored now", "stored before"])
@pytest.mark.parametrize(
    ("moves", "used", "code"),
    [
        ([50 * DOLLAR, -50 * DOLLAR], 0, "payment_required"),
        ([1], 1, "payment_required"),
        ([], 0, "payment_required"),
        ([1], 0, None),
        ([50 * DOLLAR, -50 * DOLLAR + 1], 0, None),
        ([50 * DOLLAR], 50 * DOLLAR, "payment_required"),
        ([50 * DOLLAR], 50 * DOLLAR - 1, None),
        ([DOLLAR // 2], DOLLAR, "payment_required"),
    ],
)
def test_only_money_above_the_welcome_credit_pays_for_a_plan(
    app: App, moves: list[int], used: int, code: str | None, *, old: bool
) -> None:
    member = app.member()
    for amount in moves:
        move(app, member, amount)
    if used:
        use_credits(app, member, used)
    if old:
        store_as_before(app, member)
    app.clock.advance(hours=1)
    assert missing(app, member) == code


@pytest.mark.parametrize("old", [False, True], ids=["stored now", "stored before"])
def test_without_welcome_credit_one_micro_is_enough(app: App, *, old: bool) -> None:
    app.apply_catalog(welcome_credit=0)
    member = app.member()
    if old:
        store_as_before(app, member)
    app.clock.advance(hours=1)
    assert missing(app, member) == "payment_required"
    move(app, member, 1)
    assert missing(app, member) is None


def test_a_later_catalogs_welcome_credit_does_not_count(app: App) -> None:
    member = app.member()
    app.apply_catalog(welcome_credit=9 * DOLLAR)
    move(app, member, 1)
    app.clock.advance(hours=1)
    assert missing(app, member) is None


def test_the_first_entry_is_read_only_for_old_accounts_and_paid_plans(app: App) -> None:
    member = app.member()
    move(app, member, 1)
    app.clock.advance(hours=1)

    def reads(plan: str) -> int:
        principal = authenticate(app.ctx, member.api_key)
        app.meter.clear()
        preview_plan(app.ctx, principal, plan)
        return app.meter.calls

    before = reads("pro")
    store_as_before(app, member)
    assert reads("pro") == before + 1
    app.apply_catalog(free_plan="pro")
    free = app.member()
    app.clock.advance(hours=1)
    store_as_before(app, free)
    principal = authenticate(app.ctx, free.api_key)
    app.meter.clear()
    preview_plan(app.ctx, principal, "hobby")
    assert app.meter.calls == before
