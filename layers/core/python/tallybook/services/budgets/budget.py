"""Create, change and delete an account's budget; for its root users. Source: docs/money.md, "Budgets".

Before a change, the old terms are evaluated, so that no unchecked crossing is lost; after it, the new terms. Alerts and
restrictions are written in the transaction of the change.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from tallybook.domain.accounts import require_root
from tallybook.domain.audit import Actor, actor_of
from tallybook.domain.budget_status import BudgetStatus
from tallybook.domain.budget_terms import check_amount, check_emails, check_new_thresholds, check_thresholds
from tallybook.domain.budgets import Budget, Evaluation, Spending, ThresholdAlert, evaluate
from tallybook.domain.credentials import Principal
from tallybook.domain.errors import Conflict, NotFound
from tallybook.domain.events.budgets import budget_deleted, budget_set
from tallybook.domain.idempotency import Present
from tallybook.domain.ids import BUDGET
from tallybook.services.budgets.alerts import AlertRecord, restriction_changes, write_with_alerts
from tallybook.services.budgets.snapshot import BudgetSnapshot, read_snapshot
from tallybook.services.changes import Change, record, retry_on_conflict
from tallybook.services.context import Context
from tallybook.services.identity.authenticate import reread
from tallybook.services.kept_answers import keep_answer
from tallybook.store.budgets import archive_messages, delete_budget, put_budget, set_account_budget, set_budget
from tallybook.store.commands import Command
from tallybook.store.users import check_still_root


def create_budget(
    ctx: Context, principal: Principal, terms: Mapping[str, Any], *, present: Present[BudgetStatus] | None = None
) -> BudgetStatus:
    """Create the budget: `terms` are an `amount`, and optionally `thresholds`, `limit_type` and `emails`.

    Conflict `budget_exists`; Forbidden for users who are not root; Invalid names the field.
    """
    checked_terms = _check_terms(ctx, terms)

    def create(principal: Principal) -> BudgetStatus:
        require_root(principal.user)
        snapshot = read_snapshot(ctx, principal.account)
        if snapshot.budget is not None:
            raise Conflict("This account has a budget already; PUT changes it", code="budget_exists")
        now, number = snapshot.now, principal.account.counts.budget_count + 1
        new = Budget(number, principal.account.id, created_at=now, updated_at=now, **checked_terms)
        evaluation = evaluate(new, [snapshot.current], now=now)
        after, events = evaluation.budget, (budget_set(new),)
        created = Change(actor_of(principal), "budget.created", _id(new), after=_audit_snapshot(new), events=events)
        changes = (created, *restriction_changes(new, after, snapshot.current))
        status = BudgetStatus(after, snapshot.current)
        kept = keep_answer(ctx, principal.keyed, present, status, at=now)
        commands: tuple[Command, ...] = (put_budget(after), set_account_budget(principal.account, new), *kept)
        _write(ctx, principal, commands, changes, after=after, new_alerts=evaluation.alerts, now=now)
        return status

    return retry_on_conflict(ctx, create, principal, reload=lambda: reread(ctx, principal))


def change_budget(ctx: Context, principal: Principal, terms: Mapping[str, Any]) -> BudgetStatus:
    """Change the budget's `terms`, as in `create_budget`, and `is_active`; an omitted term stays unchanged.

    NotFound without a budget; TooManyRequests if thresholds that alerted were replaced too often.
    """
    checked_terms = _check_terms(ctx, terms)

    def change(principal: Principal) -> BudgetStatus:
        require_root(principal.user)
        snapshot = read_snapshot(ctx, principal.account)
        now, before = snapshot.now, _budget_of(snapshot)
        old = evaluate(before, snapshot.spending, now=now)
        new, edits = _edit(old.budget, checked_terms, snapshot.current, actor=actor_of(principal), now=now)
        after = new.budget
        if after != before:
            commands = (set_budget(before, after), set_account_budget(principal.account, after))
            changes = (*edits, *restriction_changes(before, after, snapshot.current))
            _write(
                ctx, principal, commands, changes, after=after, old_alerts=old.alerts, new_alerts=new.alerts, now=now
            )
        return BudgetStatus(after, snapshot.current)

    return retry_on_conflict(ctx, change, principal, reload=lambda: reread(ctx, principal))


def remove_budget(ctx: Context, principal: Principal) -> None:
    """Delete the budget and end its restriction. NotFound without a budget."""

    def remove(principal: Principal) -> None:
        require_root(principal.user)
        snapshot = read_snapshot(ctx, principal.account)
        now, before = snapshot.now, _budget_of(snapshot)
        alerts = evaluate(before, snapshot.spending, now=now).alerts
        events, terms = (budget_deleted(before),), _audit_snapshot(before)
        deleted = Change(actor_of(principal), "budget.deleted", _id(before), before=terms, events=events)
        changes = (deleted, *restriction_changes(before, replace(before, restricted=False), snapshot.current))
        messages = sum(len(alert.thresholds) for alert in alerts)
        commands = (
            delete_budget(before),
            set_account_budget(principal.account, None),
            archive_messages(principal.account, more=messages),
        )
        _write(ctx, principal, commands, changes, after=None, old_alerts=alerts, now=now)

    retry_on_conflict(ctx, remove, principal, reload=lambda: reread(ctx, principal))


def _edit(
    budget: Budget, terms: Mapping[str, Any], current: Spending, *, actor: Actor, now: datetime
) -> tuple[Evaluation, tuple[Change, ...]]:
    """Evaluate the budget with its new terms; the changes are empty if no term differs."""
    edited = replace(budget, **terms)
    if edited == budget:
        return Evaluation(budget, ()), ()
    check_new_thresholds(budget, edited, now=now)
    change = Change(
        actor,
        "budget.changed",
        _id(budget),
        before=_audit_snapshot(budget),
        after=_audit_snapshot(edited),
        events=(budget_set(edited),),
    )
    return evaluate(replace(edited, updated_at=now), [current], now=now), (change,)


def _write(
    ctx: Context,
    principal: Principal,
    commands: Sequence[Command],
    changes: Sequence[Change],
    *,
    after: Budget | None,
    now: datetime,
    old_alerts: tuple[ThresholdAlert, ...] = (),
    new_alerts: tuple[ThresholdAlert, ...] = (),
) -> None:
    """Write the change; in the audit log, the old terms' alerts come before it, and the new terms' alerts after it."""

    def write(alerts: AlertRecord) -> None:
        first, last = alerts.changes[: len(old_alerts)], alerts.changes[len(old_alerts) :]
        audit = record(principal.account, *first, *changes, *last, at=now)
        ctx.tables.transact([check_still_root(principal.user), *commands, *alerts.commands, *audit])

    write_with_alerts(ctx, principal.account, (*old_alerts, *new_alerts), write, after=after, now=now)


def _check_terms(ctx: Context, terms: Mapping[str, Any]) -> dict[str, Any]:
    checked = dict(terms)
    if "amount" in terms:
        checked["amount"] = check_amount(terms["amount"], currency=ctx.catalogs.current().currency)
    if "thresholds" in terms:
        checked["thresholds"] = check_thresholds(terms["thresholds"])
    if "emails" in terms:
        checked["emails"] = check_emails(terms["emails"])
    return checked


def _budget_of(snapshot: BudgetSnapshot) -> Budget:
    if snapshot.budget is None:
        raise NotFound("This account has no budget", resource="budget")
    return snapshot.budget


def _audit_snapshot(budget: Budget) -> dict[str, Any]:
    return {
        "amount": budget.amount,
        "alert_thresholds": [{"percent": one.percent, "enabled": one.enabled} for one in budget.thresholds],
        "limit_type": budget.limit_type,
        "notification_emails": list(budget.emails),
        "is_active": budget.is_active,
    }


def _id(budget: Budget) -> str:
    return f"{BUDGET}{budget.number}"
