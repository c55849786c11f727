"""An account's budget, set and taken away by its root users. Source: ScaleBox budgets; money, "Budgets".

Each change is a check, and before it the budget as it stood is held against what was used, so that no crossing is lost
because nobody had looked yet. A change that lets or keeps sessions from starting does so with its own transaction.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from tallybook.domain.accounts import require_root
from tallybook.domain.audit import Actor, actor_of
from tallybook.domain.budget_status import BudgetStatus
from tallybook.domain.budget_terms import check_amount, check_emails, check_pace, check_thresholds
from tallybook.domain.budgets import Budget, Reached, Spending, check
from tallybook.domain.credentials import Principal
from tallybook.domain.errors import Conflict, NotFound
from tallybook.domain.events.budgets import budget_deleted, budget_set
from tallybook.domain.ids import BUDGET
from tallybook.services.budgets.check import BudgetSnapshot, Told, restriction, standing_of, telling
from tallybook.services.changes import Change, record, retry_on_conflict
from tallybook.services.context import Context
from tallybook.services.identity.authenticate import reread
from tallybook.store.accounts import check_still_root
from tallybook.store.budgets import archive_messages, delete_budget, know_budget, put_budget, set_budget
from tallybook.store.commands import Command


def create_budget(ctx: Context, principal: Principal, terms: Mapping[str, Any]) -> BudgetStatus:
    """The budget that the account has from now on, of an `amount` and perhaps `thresholds`, `limit_type`, `emails`.

    Conflict `budget_exists`; Forbidden for users who are not root; Invalid names the field.
    """
    checked_terms = _checked(ctx, terms)

    def create(principal: Principal) -> BudgetStatus:
        require_root(principal.user)
        standing = standing_of(ctx, principal.account)
        if standing.budget is not None:
            raise Conflict("This account has a budget already; PUT changes it", code="budget_exists")
        now, number = standing.now, principal.account.counts.budget_count + 1
        new = Budget(number, principal.account.id, created_at=now, updated_at=now, **checked_terms)
        checked = check(new, [standing.present], now=now)
        told = Change(actor_of(principal), "budget.created", _id(new), after=_shown(new), events=(budget_set(new),))
        changes = (told, *restriction(new, checked.budget, standing.present))
        commands = (put_budget(checked.budget), know_budget(principal.account, new))
        _write(ctx, principal, commands, changes, after=checked.budget, own=checked.reached, now=now)
        return BudgetStatus(checked.budget, standing.present)

    return retry_on_conflict(ctx, create, principal, reload=lambda: reread(ctx, principal))


def change_budget(ctx: Context, principal: Principal, changes: Mapping[str, Any]) -> BudgetStatus:
    """The budget with other terms, as in `create_budget`, or `is_active`; what is not named stays.

    NotFound where there is none; TooManyRequests where thresholds that alerted were replaced too often.
    """
    checked_changes = _checked(ctx, changes)

    def change(principal: Principal) -> BudgetStatus:
        require_root(principal.user)
        standing = standing_of(ctx, principal.account)
        now, before = standing.now, _present(standing)
        settled = check(before, standing.spending, now=now)
        after, edits, own = _edited(
            settled.budget, checked_changes, standing.present, actor=actor_of(principal), now=now
        )
        if after != before:
            commands = (set_budget(before, after), know_budget(principal.account, after))
            told = (*edits, *restriction(before, after, standing.present))
            _write(ctx, principal, commands, told, after=after, settled=settled.reached, own=own, now=now)
        return BudgetStatus(after, standing.present)

    return retry_on_conflict(ctx, change, principal, reload=lambda: reread(ctx, principal))


def remove_budget(ctx: Context, principal: Principal) -> None:
    """The account has no budget any more, and nothing that it restricted is. NotFound where there is none."""

    def remove(principal: Principal) -> None:
        require_root(principal.user)
        standing = standing_of(ctx, principal.account)
        now, before = standing.now, _present(standing)
        settled = check(before, standing.spending, now=now)
        events = (budget_deleted(before),)
        told = Change(actor_of(principal), "budget.deleted", _id(before), before=_shown(before), events=events)
        changes = (told, *restriction(before, replace(before, restricted=False), standing.present))
        messages = sum(len(reached.thresholds) for reached in settled.reached)
        commands = (
            delete_budget(before),
            know_budget(principal.account, None),
            archive_messages(principal.account, more=messages),
        )
        _write(ctx, principal, commands, changes, after=None, settled=settled.reached, now=now)

    retry_on_conflict(ctx, remove, principal, reload=lambda: reread(ctx, principal))


def _edited(
    budget: Budget, changes: Mapping[str, Any], present: Spending, *, actor: Actor, now: datetime
) -> tuple[Budget, tuple[Change, ...], tuple[Reached, ...]]:
    """The budget with other terms, checked, what is recorded of it, and what alerts because of it."""
    edited = replace(budget, **changes)
    if edited == budget:
        return budget, (), ()
    check_pace(budget, edited, now=now)
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
    principal: Principal,
    commands: Sequence[Command],
    changes: Sequence[Change],
    *,
    after: Budget | None,
    now: datetime,
    settled: tuple[Reached, ...] = (),
    own: tuple[Reached, ...] = (),
) -> None:
    """The change, `after` which the budget stands so, with what alerts: what was `settled` before it, and what is
    reached by its `own` doing. They are on record in this order.
    """

    def write(told: Told) -> None:
        first, last = told.changes[: len(settled)], told.changes[len(settled) :]
        audit = record(principal.account, *first, *changes, *last, at=now)
        ctx.tables.transact([check_still_root(principal.user), *commands, *told.commands, *audit])

    telling(ctx, principal.account, (*settled, *own), write, after=after, now=now)


def _checked(ctx: Context, terms: Mapping[str, Any]) -> dict[str, Any]:
    checked = dict(terms)
    if "amount" in terms:
        checked["amount"] = check_amount(terms["amount"], currency=ctx.catalogs.current().currency)
    if "thresholds" in terms:
        checked["thresholds"] = check_thresholds(terms["thresholds"])
    if "emails" in terms:
        checked["emails"] = check_emails(terms["emails"])
    return checked


def _present(standing: BudgetSnapshot) -> Budget:
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
