"""Invariants of the stored budgets, their messages and their mails."""

from collections import defaultdict
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from tallybook.domain.accounts import Account
from tallybook.domain.bill import usage_cost
from tallybook.domain.budget_messages import BudgetMessage
from tallybook.domain.budgets import Budget
from tallybook.domain.emails import distinct
from tallybook.domain.jobs import partition
from tallybook.domain.periods import Period, period_of
from tallybook.domain.times import stamp
from tallybook.services.billing.pinned import pinned_prices
from tallybook.store.accounts import read_account
from tallybook.store.budgets import read_budget, read_message
from tallybook.store.periods import read_billing_period
from tallybook.store.usage_counters import quantities_of
from tests.support.app import App

type Item = dict[str, Any]

_DAY = timedelta(hours=24)


def check_budgets(app: App, core: list[Item], usage: list[Item]) -> None:
    by_account: dict[str, list[Item]] = defaultdict(list)
    for item in core:
        if item["sk"] == "OUTBOX":
            if "messages" in item["body"]:
                by_account[item["body"]["account_id"]].append(item)
        elif item["sk"].startswith(("BUDGET", "MESSAGE#", "AUDIT#", "DIRTY")):
            by_account[item["pk"].partition("#")[2]].append(item)
    now = app.ctx.clock.now()
    for account in (read_account(item) for item in core if item["sk"] == "ACCOUNT"):
        items = by_account[account.id]
        budget = next((read_budget(item) for item in items if item["sk"] == "BUDGET"), None)
        messages = [read_message(item) for item in items if item["sk"].startswith("MESSAGE#")]
        messages.sort(key=lambda message: message.number)
        _messages_are_numbered(account, budget, messages)
        _alert_once_a_day(messages)
        _share_mails(account, messages, items)
        _are_audited(account, budget, messages, items)
        if budget is not None:
            _is_indexed_while_due(budget, items)
            if account.status != "deleted" and not _needs_check(budget, items, now):
                _has_alerted(app, account, budget, usage, now)


def _messages_are_numbered(account: Account, budget: Budget | None, messages: list[BudgetMessage]) -> None:
    """Messages are numbered without a gap, those of the present budget last; it is the budget created last."""
    assert [message.number for message in messages] == list(range(1, account.counts.message_count + 1))
    archived = [message for message in messages if budget is None or message.budget != budget.number]
    assert account.counts.archived_message_count == len(archived)
    assert messages[: account.counts.archived_message_count] == archived
    assert [message.budget for message in messages] == sorted(message.budget for message in messages)
    assert budget is None or budget.number == account.counts.budget_count
    assert account.hard_limit == (budget.hard_limit if budget else None)
    assert all(1 <= message.budget <= account.counts.budget_count for message in messages)


def _alert_once_a_day(messages: list[BudgetMessage]) -> None:
    """A threshold alerts only when it is reached, and not within 24 hours of its last alert in the period."""
    alerted_at: dict[Any, list[datetime]] = defaultdict(list)
    for message in messages:
        assert message.used * 100 >= message.threshold.percent * message.amount
        assert message.period.start <= message.created_at
        alerted_at[message.budget, message.period.start, message.threshold.percent].append(message.created_at)
    for instants in alerted_at.values():
        assert all(second - first >= _DAY for first, second in pairwise(instants))


def _share_mails(account: Account, messages: list[BudgetMessage], items: list[Item]) -> None:
    """Messages of one notification have successive numbers, lowest percentage first, and at most one mail.

    The mail names each address once; the recipients noted in the messages are among them.
    """
    mails = {tuple(map(int, item["body"]["messages"])): item for item in items if item["sk"] == "OUTBOX"}
    assert len(mails) == sum(item["sk"] == "OUTBOX" for item in items), "messages with two mails"
    shared: dict[str, list[BudgetMessage]] = defaultdict(list)
    for message in messages:
        shared[message.notification_id].append(message)
    for some in shared.values():
        first, last = some[0], some[-1]
        assert [message.number for message in some] == list(range(first.number, last.number + 1))
        percents = [message.threshold.percent for message in some]
        assert percents == sorted(set(percents))
        assert len({(one.budget, one.used, one.amount, one.created_at, one.sent, one.bounced) for one in some}) == 1
        mail = mails.pop((first.number, last.number), None)
        if mail is None:
            assert not first.sent, "recipients are noted, but there is no mail"
            continue
        to = tuple(mail["body"]["to"])
        assert to == distinct(to)
        assert set(first.sent) <= set(to)
        assert first.bounced <= set(to)
        assert mail["state"] != "delivered" or list(first.sent) == mail["sent"]
        if not any(item.get("action") == "account.email_changed" for item in items):
            assert to[0] == account.email
    assert not mails, "mails without messages"


def _are_audited(account: Account, budget: Budget | None, messages: list[BudgetMessage], items: list[Item]) -> None:
    """Each notification has an audit entry; restriction and lifting alternate; a deleted budget restricts nothing."""
    entries = sorted((item for item in items if item["sk"].startswith("AUDIT#")), key=lambda item: item["number"])
    actions = [entry["action"] for entry in entries]
    assert actions.count("budget.threshold_reached") == len({message.notification_id for message in messages})
    restricted = [one == "budget.restricted" for one in actions if one.startswith("budget.restrict")]
    assert restricted == [index % 2 == 0 for index in range(len(restricted))]
    assert bool(restricted and restricted[-1]) == bool(budget and budget.restricted)


def _is_indexed_while_due(budget: Budget, items: list[Item]) -> None:
    (item,) = (item for item in items if item["sk"] == "BUDGET")
    work = partition("budget", budget.account_id) if budget.due else None
    assert (item.get("work"), item.get("due")) == (work, stamp(budget.due) if budget.due else None)


def _needs_check(budget: Budget, items: list[Item], now: datetime) -> bool:
    marked = any("work" in item for item in items if item["sk"] == "DIRTY")
    return marked or (budget.due is not None and budget.due <= now)


def _has_alerted(app: App, account: Account, budget: Budget, usage: list[Item], now: datetime) -> None:
    """Each threshold reached in the present period has alerted, or waits for the end of its cooldown.

    `restricted` and `due` of the budget agree with the usage.
    """
    period = period_of(account.schedule, now)
    used = _used(app, account, period, usage)
    alerts = budget.alerts if budget.period_start == period.start else {}
    restricted = budget.limit_type == "hard" and budget.is_active and used >= budget.amount
    waits = [period.end] if restricted else []
    for threshold in budget.thresholds if budget.is_active else ():
        last = alerts.get(threshold.percent)
        if not threshold.enabled or used * 100 < threshold.percent * budget.amount:
            continue
        assert last is not None, f"{threshold.percent} percent of {account.id} are reached without an alert"
        if not last.still_reached:
            assert now < last.at + _DAY, (
                f"{threshold.percent} percent of {account.id} are reached again without an alert"
            )
            waits.append(last.at + _DAY)
    assert budget.restricted == restricted
    assert budget.due == min(waits, default=None)


def _used(app: App, account: Account, period: Period, usage: list[Item]) -> int:
    pk = f"USAGE#{account.id}#{stamp(period.start)}"
    period_keys = [item for item in usage if item["pk"] == pk and item["sk"].startswith("period#")]
    first = next((item for item in period_keys if item["sk"] == "period#0"), None)
    if first is None:
        return 0
    billing_period, quantities = read_billing_period(first), quantities_of(period_keys)
    return usage_cost(pinned_prices(app.ctx, billing_period, quantities), billing_period, quantities)
