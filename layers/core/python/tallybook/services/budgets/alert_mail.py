"""The mail about a budget's alert, with the context of its template."""

from collections.abc import Sequence
from datetime import datetime

from tallybook.domain.accounts import Account
from tallybook.domain.budget_messages import BudgetMessage, first_and_last_number
from tallybook.domain.budgets import Budget, ThresholdAlert, percentage_used
from tallybook.domain.emails import distinct
from tallybook.domain.money import readable
from tallybook.domain.outbox import Mail, MessagesRef
from tallybook.domain.periods import local_day
from tallybook.domain.times import readable_day
from tallybook.domain.usage import grouped


def alert_mail(
    account: Account,
    messages: Sequence[BudgetMessage],
    alert: ThresholdAlert,
    *,
    after: Budget | None,
    currency: str,
    now: datetime,
) -> Mail:
    """To the account and the budget's addresses: the highest threshold, and its consequences.

    The consequences depend on the budget `after` the alert's transaction, which may change or delete it (None).
    """
    budget, spent = alert.budget, alert.spending
    highest = alert.thresholds[-1]
    context = {
        "account": account.display_name or account.email,
        "threshold": f"{grouped(highest.percent)} %",
        "others": [f"{grouped(threshold.percent)} %" for threshold in alert.thresholds[:-1]],
        "used": readable(spent.used, currency),
        "budget": readable(budget.amount, currency),
        "percent_used": f"{grouped(percentage_used(budget.amount, used=spent.used))} %",
        "period": f"{readable_day(spent.period.first_day)} to {readable_day(spent.period.last_day)}",
        "next_period": readable_day(local_day(spent.period.end, spent.period.zone)),
        "hard": after is not None and after.hard_limit is not None,
        "restricted": after is not None and after.restricted,
        "since": _change_since(budget, after),
        "ended": spent.period.end <= now,
    }
    recipients = distinct((account.email, *budget.emails))
    return Mail("budget_reached", recipients, context, MessagesRef(account.id, *first_and_last_number(messages)))


def _change_since(before: Budget, after: Budget | None) -> str | None:
    if after is None:
        return "deleted"
    return None if after.terms == before.terms else "changed"
