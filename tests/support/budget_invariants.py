"""What is true of the stored budgets, their messages and mails after every call."""

from collections import defaultdict
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from tallybook.domain.accounts import Account
from tallybook.domain.bill import usage_cost
from tallybook.domain.budget_messages import BudgetMessage
from tallybook.domain.budgets import Budget
from tallybook.domain.jobs import partition
from tallybook.domain.outbox import distinct
from tallybook.domain.periods import Period, period_of
from tallybook.domain.times import stamp
from tallybook.store.accounts import read_account
from tallybook.store.budgets import read_budget, read_message
from tallybook.store.periods import read_billing_period
from tallybook.store.usage_counters import quantities_of
from tests.support.app import App

type Item = dict[str, Any]

_DAY = timedelta(hours=24)


def check_budgets(app: App, core: list[Item], usage: list[Item]) -> None:
    """Of each account that ever had one, and none has anything of a budget that never was."""
    mine: dict[str, list[Item]] = defaultdict(list)
    for item in core:
        if item["sk"] == "OUTBOX":
            if "messages" in item["body"]:
                mine[item["body"]["account_id"]].append(item)
        elif item["sk"].startswith(("BUDGET", "MESSAGE#", "AUDIT#", "DIRTY")):
            mine[item["pk"].partition("#")[2]].append(item)
    now = app.ctx.clock.now()
    for account in (read_account(item) for item in core if item["sk"] == "ACCOUNT"):
        items = mine[account.id]
        budget = next((read_budget(item) for item in items if item["sk"] == "BUDGET"), None)
        messages = [read_message(item) for item in items if item["sk"].startswith("MESSAGE#")]
        messages.sort(key=lambda message: message.number)
        _are_counted(account, budget, messages)
        _are_told_once_a_day(messages)
        _share_mails(account, messages, items)
        _are_on_record(account, budget, messages, items)
        if budget is not None:
            _stands_in_the_index_while_it_waits(budget, items)
            if account.status != "deleted" and not _is_to_be_looked_at(budget, items, now):
                _has_told_all(app, account, budget, usage, now)


def _are_counted(account: Account, budget: Budget | None, messages: list[BudgetMessage]) -> None:
    """Messages are numbered without a gap, those of the present budget after all others; it is the last one made."""
    assert [message.number for message in messages] == list(range(1, account.counts.message_count + 1))
    archived = [message for message in messages if budget is None or message.budget != budget.number]
    assert account.counts.archived_message_count == len(archived)
    assert messages[: account.counts.archived_message_count] == archived
    assert [message.budget for message in messages] == sorted(message.budget for message in messages)
    assert budget is None or budget.number == account.counts.budget_count
    assert account.hard_limit == (budget.hard_limit if budget else None)
    assert all(1 <= message.budget <= account.counts.budget_count for message in messages)


def _are_told_once_a_day(messages: list[BudgetMessage]) -> None:
    """No threshold tells within 24 hours of its last alert in the period, and only what is reached."""
    told: dict[Any, list[datetime]] = defaultdict(list)
    for message in messages:
        assert message.used * 100 >= message.threshold.percent * message.amount
        assert message.period.start <= message.created_at
        told[message.budget, message.period.start, message.threshold.percent].append(message.created_at)
    for instants in told.values():
        assert all(second - first >= _DAY for first, second in pairwise(instants))


def _share_mails(account: Account, messages: list[BudgetMessage], items: list[Item]) -> None:
    """Those of one notification follow each other, lowest first, and have one mail at most, to nobody twice; whoever is
    said to have got it is among them.
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
            assert not first.sent, "the day's mails were used up"
            continue
        to = tuple(mail["body"]["to"])
        assert to == distinct(to)
        assert set(first.sent) <= set(to)
        assert first.bounced <= set(to)
        assert mail["state"] != "delivered" or list(first.sent) == mail["sent"]
        if not any(item.get("action") == "account.email_changed" for item in items):
            assert to[0] == account.email
    assert not mails, "mails of no messages"


def _are_on_record(account: Account, budget: Budget | None, messages: list[BudgetMessage], items: list[Item]) -> None:
    """Each notification has its entry; a restriction is announced once before it is lifted, and lifted with its
    budget.
    """
    entries = sorted((item for item in items if item["sk"].startswith("AUDIT#")), key=lambda item: item["number"])
    actions = [entry["action"] for entry in entries]
    assert actions.count("budget.threshold_reached") == len({message.notification_id for message in messages})
    restricted = [one == "budget.restricted" for one in actions if one.startswith("budget.restrict")]
    assert restricted == [index % 2 == 0 for index in range(len(restricted))]
    assert bool(restricted and restricted[-1]) == bool(budget and budget.restricted)


def _stands_in_the_index_while_it_waits(budget: Budget, items: list[Item]) -> None:
    (item,) = (item for item in items if item["sk"] == "BUDGET")
    work = partition("budget", budget.account_id) if budget.due else None
    assert (item.get("work"), item.get("due")) == (work, stamp(budget.due) if budget.due else None)


def _is_to_be_looked_at(budget: Budget, items: list[Item], now: datetime) -> bool:
    marked = any("work" in item for item in items if item["sk"] == "DIRTY")
    return marked or (budget.due is not None and budget.due <= now)


def _has_told_all(app: App, account: Account, budget: Budget, usage: list[Item], now: datetime) -> None:
    """Of what is reached in the present period, each threshold has alerted or is silent until a day has passed since;
    it is known whether the budget restricts, and until when it waits.
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
        assert last is not None, f"{threshold.percent} percent of {account.id} are reached and not told"
        if not last.still_reached:
            assert now < last.at + _DAY, f"{threshold.percent} percent of {account.id} are reached again and not told"
            waits.append(last.at + _DAY)
    assert budget.restricted == restricted
    assert budget.due == min(waits, default=None)


def _used(app: App, account: Account, period: Period, usage: list[Item]) -> int:
    pk = f"USAGE#{account.id}#{stamp(period.start)}"
    fences = [item for item in usage if item["pk"] == pk and item["sk"].startswith("period#")]
    first = next((item for item in fences if item["sk"] == "period#0"), None)
    if first is None:
        return 0
    opened = read_billing_period(first)
    return usage_cost(app.ctx.catalogs.version(opened.catalog_version), opened, quantities_of(fences))
