"""An account's budget, set and taken away by its root users. Source: ScaleBox budgets; money, "Budgets".

Each change is a check, and before it the budget as it stood is held against what was used, so that no crossing is lost
because nobody had looked yet. A change that lets or keeps sessions from starting does so with its own transaction.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from tallybook.domain.accounts import require_root
from tallybook.domain.audit import Actor, caller
from tallybook.domain.budget_announcements import budget_deleted, budget_set
from tallybook.domain.budget_status import BudgetStatus
from tallybook.domain.budgets import Budget, Reached, Spending, check, check_amount, check_emails, check_thresholds
from tallybook.domain.credentials import Principal
from tallybook.domain.errors import Conflict, NotFound
from tallybook.domain.ids import BUDGET
from tallybook.services.authenticate import reread
from tallybook.services.changes import Change, decided, recorded
from tallybook.services.check_budget import Standing, restriction, standing_of, told_of
from tallybook.services.context import Context
from tallybook.services.limits import one_alert_more
from tallybook.store.accounts import still_root
from tallybook.store.budgets import count_budgets, delete_budget, put_budget, set_budget
from tallybook.store.commands import Command

_CHECKED: Mapping[str, Callable[[Any], Any]] = {"thresholds": check_thresholds, "emails": check_emails}


def create_budget(ctx: Context, who: Principal, terms: Mapping[str, Any]) -> BudgetStatus:
    """The budget that the account has from now on, of an `amount` and perhaps `thresholds`, `limit_type`, `emails`.

    Conflict `budget_exists`; Forbidden for users who are not root; Invalid names the field; TooManyRequests where it
    alerts at once and ten changes within the hour have done so.
    """
    checked_terms = _checked(ctx, terms)

    def create(who: Principal) -> BudgetStatus:
        require_root(who.user)
        standing = standing_of(ctx, who.account)
        now = standing.now
        if standing.budget is not None:
            raise Conflict("This account has a budget already; PUT changes it", code="budget_exists")
        number = who.account.budgets + 1
        new = Budget(number, who.account.id, created_at=now, updated_at=now, **checked_terms)
        checked = check(new, [standing.present], now=now)
        told = Change(caller(who), "budget.created", _id(new), after=_shown(new), events=(budget_set(new),))
        changes = (told, *restriction(new, checked.budget, standing.present))
        commands = [put_budget(checked.budget)]
        _write(ctx, who, commands, changes, own=checked.reached, now=now, budgets=1)
        return BudgetStatus(checked.budget, standing.present)

    return decided(ctx, who, create, again=lambda: reread(ctx, who))


def change_budget(ctx: Context, who: Principal, changes: Mapping[str, Any]) -> BudgetStatus:
    """The budget with other terms, as in `create_budget`, or `is_active`; what is not named stays.

    NotFound where there is none.
    """
    checked_changes = _checked(ctx, changes)

    def change(who: Principal) -> BudgetStatus:
        require_root(who.user)
        standing = standing_of(ctx, who.account)
        now = standing.now
        before = _present(standing)
        settled = check(before, standing.spending, now=now)
        after, edits, own = _edited(settled.budget, checked_changes, standing.present, actor=caller(who), now=now)
        if after != before:
            told = (*edits, *restriction(before, after, standing.present))
            _write(ctx, who, [set_budget(before, after)], told, settled=settled.reached, own=own, now=now)
        return BudgetStatus(after, standing.present)

    return decided(ctx, who, change, again=lambda: reread(ctx, who))


def remove_budget(ctx: Context, who: Principal) -> None:
    """The account has no budget any more, and nothing that it restricted is. NotFound where there is none."""

    def remove(who: Principal) -> None:
        require_root(who.user)
        standing = standing_of(ctx, who.account)
        now = standing.now
        before = _present(standing)
        settled = check(before, standing.spending, now=now)
        events = (budget_deleted(before),)
        told = Change(caller(who), "budget.deleted", _id(before), before=_shown(before), events=events)
        lifted = restriction(before, replace(before, restricted=False), standing.present)
        changes = (told, *lifted)
        _write(ctx, who, [delete_budget(before)], changes, settled=settled.reached, now=now, archive=True)

    decided(ctx, who, remove, again=lambda: reread(ctx, who))


def _edited(
    budget: Budget, changes: Mapping[str, Any], present: Spending, *, actor: Actor, now: datetime
) -> tuple[Budget, tuple[Change, ...], tuple[Reached, ...]]:
    """The budget with other terms, checked, what is recorded of it, and what alerts because of it."""
    edited = replace(budget, **changes)
    if edited == budget:
        return budget, (), ()
    checked = check(replace(edited, updated_at=now), [present], now=now)
    told = Change(
        actor,
        "budget.changed",
        _id(budget),
        before=_shown(budget),
        after=_shown(edited),
        events=(budget_set(edited),),
    )
    return checked.budget, (told,), checked.reached


def _write(
    ctx: Context,
    who: Principal,
    commands: Sequence[Command],
    changes: tuple[Change, ...],
    *,
    now: datetime,
    settled: tuple[Reached, ...] = (),
    own: tuple[Reached, ...] = (),
    budgets: int = 0,
    archive: bool = False,
) -> None:
    """With what alerts: what was `settled` before the change, and what is reached by the change's `own` doing.

    They are on record in this order.
    """
    account = who.account
    told = told_of(ctx, account, (*settled, *own), now=now)
    alerts = (one_alert_more(ctx, account_id=account.id),) if own else ()
    counts = (count_budgets(account, budgets=budgets, messages=told.messages, archive=archive),)
    ctx.tables.transact(
        [
            still_root(who.user),
            *commands,
            *told.commands,
            *(counts if budgets or told.messages or archive else ()),
            *alerts,
            *recorded(account, *told.changes[: len(settled)], *changes, *told.changes[len(settled) :], at=now),
        ]
    )


def _checked(ctx: Context, terms: Mapping[str, Any]) -> dict[str, Any]:
    checked = {name: _CHECKED[name](value) if name in _CHECKED else value for name, value in terms.items()}
    if "amount" in checked:
        checked["amount"] = check_amount(checked["amount"], currency=ctx.catalogs.current().currency)
    return checked


def _present(standing: Standing) -> Budget:
    if standing.budget is None:
        raise NotFound("This account has no budget", resource="budget")
    return standing.budget


def _shown(budget: Budget) -> dict[str, Any]:
    return {
        "amount": budget.amount,
        "alert_thresholds": [{"percent": one.percent, "enabled": one.enabled} for one in budget.thresholds],
        "limit_type": budget.limit_type,
        "notification_emails": list(budget.emails),
        "is_active": budget.is_active,
    }


def _id(budget: Budget) -> str:
    return f"{BUDGET}{budget.number}"
