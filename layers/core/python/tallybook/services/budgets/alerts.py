"""Adds a budget's alerts to the transaction that causes them: messages, audit entries, events and mails."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime

from tallybook.domain.accounts import Account
from tallybook.domain.audit import BUDGETS
from tallybook.domain.budget_messages import BudgetMessage, alert_messages
from tallybook.domain.budgets import Budget, Spending, ThresholdAlert
from tallybook.domain.errors import TooManyRequests
from tallybook.domain.events.budgets import budget_restricted, restriction_lifted, threshold_reached
from tallybook.domain.ids import BUDGET
from tallybook.domain.outbox import Mail
from tallybook.services.budgets.alert_mail import alert_mail
from tallybook.services.changes import Change
from tallybook.services.context import Context
from tallybook.services.rate_limits import count_budget_mails
from tallybook.store.budgets import count_messages, put_message
from tallybook.store.commands import Command


@dataclass(frozen=True, slots=True)
class AlertRecord:
    """What alerts add to a transaction: commands for their messages, and one change for each alert."""

    commands: tuple[Command, ...]
    message_count: int
    changes: tuple[Change, ...]


def write_with_alerts(
    ctx: Context,
    account: Account,
    alerts: Sequence[ThresholdAlert],
    write: Callable[[AlertRecord], None],
    *,
    after: Budget | None,
    now: datetime,
) -> int:
    """Call `write` with what the alerts add to its transaction; returns the number of messages.

    The mails name the consequences of the budget `after` the write, None if it is deleted. If their recipients would
    exceed the account's daily limit, `write` is called again, with mails to the account's own address only; if even
    these would, without mails.
    """
    if not alerts:
        write(AlertRecord((), 0, ()))
        return 0
    alert_record = _record_of(ctx, account, alerts, after=after, now=now)
    for attempt in (alert_record, _to_account_only(alert_record)):
        counted = count_budget_mails(ctx, account_id=account.id, recipients=_count_recipients(attempt))
        with suppress(TooManyRequests):
            write(replace(attempt, commands=(*attempt.commands, counted)))
            return alert_record.message_count
    write(replace(alert_record, changes=tuple(replace(change, mails=()) for change in alert_record.changes)))
    return alert_record.message_count


def restriction_changes(before: Budget, after: Budget, spent: Spending) -> tuple[Change, ...]:
    """The announcement that the hard limit starts or stops restricting sessions; empty if neither happens."""
    if before.restricted == after.restricted:
        return ()
    action = "budget.restricted" if after.restricted else "budget.restriction_lifted"
    event = budget_restricted if after.restricted else restriction_lifted
    amounts = {"used": spent.used, "amount": after.amount}
    return (Change(BUDGETS, action, f"{BUDGET}{after.number}", after=amounts, events=(event(after, spent),)),)


def _record_of(
    ctx: Context, account: Account, alerts: Iterable[ThresholdAlert], *, after: Budget | None, now: datetime
) -> AlertRecord:
    currency = ctx.catalogs.current().currency
    commands: list[Command] = []
    changes: list[Change] = []
    count = 0
    for alert in alerts:
        messages = alert_messages(alert, first=account.counts.message_count + count + 1, now=now)
        count += len(messages)
        commands += map(put_message, messages)
        mail = alert_mail(account, messages, alert, after=after, currency=currency, now=now)
        changes.append(_change(alert, messages, mail))
    return AlertRecord((*commands, count_messages(account, more=count)), count, tuple(changes))


def _count_recipients(alert_record: AlertRecord) -> int:
    return sum(len(mail.to) for change in alert_record.changes for mail in change.mails)


def _to_account_only(alert_record: AlertRecord) -> AlertRecord:
    """Each mail goes to its first address only, which is the account's."""
    changes = (
        replace(change, mails=tuple(replace(mail, to=mail.to[:1]) for mail in change.mails))
        for change in alert_record.changes
    )
    return replace(alert_record, changes=tuple(changes))


def _change(alert: ThresholdAlert, messages: Sequence[BudgetMessage], mail: Mail) -> Change:
    return Change(
        BUDGETS,
        "budget.threshold_reached",
        f"{BUDGET}{alert.budget.number}",
        after={
            "thresholds": [threshold.percent for threshold in alert.thresholds],
            "used": alert.spending.used,
            "amount": alert.budget.amount,
        },
        mails=(mail,),
        events=tuple(map(threshold_reached, messages)),
    )
