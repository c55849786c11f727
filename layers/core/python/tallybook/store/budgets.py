"""The account's budget and its messages, as items. A budget with `due` is in the index of due work."""

from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal

from boto3.dynamodb.conditions import Attr, ConditionBase

from tallybook.domain.accounts import Account
from tallybook.domain.budget_messages import BudgetMessage
from tallybook.domain.budgets import Budget, LastAlert, Threshold
from tallybook.domain.jobs import partition
from tallybook.domain.periods import Period
from tallybook.domain.times import instant_or_none, parse_instant, stamp, stamp_or_none
from tallybook.store import keys
from tallybook.store.accounts import as_read
from tallybook.store.commands import Delete, Item, Put, Update

CHECK_AGAIN = "budget"
"""The kind of work of a budget with `due`, in the index."""


def put_budget(budget: Budget) -> Put:
    """Add a budget; WriteConflict if the account has one."""
    return Put(keys.budget(budget.account_id), _item(budget))


def set_budget(before: Budget, after: Budget) -> Put:
    """Replace the budget; WriteConflict if it was written since it was read."""
    changed = replace(after, version=before.version + 1)
    return Put(keys.budget(before.account_id), _item(changed), condition=_unchanged(before))


def delete_budget(budget: Budget) -> Delete:
    return Delete(keys.budget(budget.account_id), condition=_unchanged(budget))


def count_messages(account: Account, *, more: int) -> Update:
    """Add `more` to the count of the account's budget messages."""
    counted = {"messages": account.counts.message_count + more}
    return Update(keys.account(account.id), set=counted, condition=as_read("messages", account.counts.message_count))


def set_account_budget(account: Account, budget: Budget | None) -> Update:
    """Copy the budget's number and hard limit to the account, where a session's start reads them."""
    if budget is None:
        return Update(keys.account(account.id), set={"hard_limit": None})
    return Update(keys.account(account.id), set={"budgets": budget.number, "hard_limit": budget.hard_limit})


def archive_messages(account: Account, *, more: int) -> Update:
    """Remove all messages from the list, also the `more` that the same transaction adds."""
    return Update(keys.account(account.id), set={"archived": account.counts.message_count + more})


def read_budget(item: Item) -> Budget:
    return Budget(
        number=int(item["number"]),
        account_id=item["account_id"],
        amount=int(item["amount"]),
        created_at=parse_instant(item["created_at"]),
        updated_at=parse_instant(item["updated_at"]),
        thresholds=tuple(Threshold(percent, enabled) for percent, enabled in item["thresholds"]),
        limit_type=item["limit_type"],
        emails=tuple(item["emails"]),
        is_active=item["is_active"],
        period_start=instant_or_none(item.get("period_start")),
        alerts={
            Decimal(percent): LastAlert(parse_instant(at), still_reached)
            for percent, (at, still_reached) in item["alerts"].items()
        },
        restricted=item["restricted"],
        due=instant_or_none(item.get("due")),
        version=int(item["version"]),
    )


def _unchanged(budget: Budget) -> ConditionBase:
    """Compares the number as well, because the budget after a deleted one starts at version 1 again."""
    return Attr("number").eq(budget.number) & Attr("version").eq(budget.version)


def _item(budget: Budget) -> Item:
    return {
        "number": budget.number,
        "account_id": budget.account_id,
        "amount": budget.amount,
        "created_at": stamp(budget.created_at),
        "updated_at": stamp(budget.updated_at),
        "thresholds": [[threshold.percent, threshold.enabled] for threshold in budget.thresholds],
        "limit_type": budget.limit_type,
        "emails": list(budget.emails),
        "is_active": budget.is_active,
        "period_start": stamp_or_none(budget.period_start),
        "alerts": {str(percent): [stamp(alert.at), alert.still_reached] for percent, alert in budget.alerts.items()},
        "restricted": budget.restricted,
        "version": budget.version,
        **({"work": partition(CHECK_AGAIN, budget.account_id), "due": stamp(budget.due)} if budget.due else {}),
    }


def put_message(message: BudgetMessage) -> Put:
    item = {
        "number": message.number,
        "account_id": message.account_id,
        "budget": message.budget,
        "percent": message.threshold.percent,
        "used": message.used,
        "amount": message.amount,
        "notification_id": message.notification_id,
        "period": [stamp(message.period.start), stamp(message.period.end), message.period.zone],
        "created_at": stamp(message.created_at),
        "sent": list(message.sent),
    }
    return Put(keys.budget_message(message.account_id, message.number), item)


def read_message(item: Item) -> BudgetMessage:
    start, end, zone = item["period"]
    return BudgetMessage(
        number=int(item["number"]),
        account_id=item["account_id"],
        budget=int(item["budget"]),
        threshold=Threshold(item["percent"]),
        used=int(item["used"]),
        amount=int(item["amount"]),
        notification_id=item["notification_id"],
        period=Period(parse_instant(start), parse_instant(end), zone),
        created_at=parse_instant(item["created_at"]),
        sent=tuple(item["sent"]),
        bounced=frozenset(item.get("bounced", ())),
    )


def note_sent(account_id: str, first: int, last: int, *, sent: Iterable[str]) -> tuple[Update, ...]:
    """Record the addresses that the mail of these messages was sent to."""
    addresses = list(sent)
    return tuple(
        Update(keys.budget_message(account_id, number), set={"sent": addresses}) for number in range(first, last + 1)
    )


def note_bounced(account_id: str, first: int, last: int, *, addresses: set[str]) -> tuple[Update, ...]:
    """Record the addresses that the mail of these messages bounced from."""
    return tuple(
        Update(keys.budget_message(account_id, number), add={"bounced": addresses}) for number in range(first, last + 1)
    )
