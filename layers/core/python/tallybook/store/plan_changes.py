"""Changes of plan, as items that are numbered by account."""

from boto3.dynamodb.conditions import Attr

from tallybook.domain.accounts import Account
from tallybook.domain.periods import Period
from tallybook.domain.plan_changes import PlanChange
from tallybook.domain.times import parse_instant, stamp
from tallybook.store import keys
from tallybook.store.accounts import as_read
from tallybook.store.commands import Command, Item, Put, Update


def put_plan_change(account: Account, change: PlanChange) -> tuple[Command, ...]:
    """Write the change as the account's next; WriteConflict if there was another since the account was read."""
    unchanged = as_read("changes", account.counts.plan_change_count)
    return (
        Update(keys.account(account.id), set={"changes": change.number}, condition=unchanged),
        Put(keys.plan_change(account.id, change.number), _item(change)),
    )


def set_plan_change_invoice(change: PlanChange, *, invoice_id: str, refund: int) -> Update:
    """Set the invoice with the credit, and the credit; WriteConflict if another was set since the change was read."""
    return Update(
        keys.plan_change(change.account_id, change.number),
        set={"invoice_id": invoice_id, "refund": refund},
        condition=Attr("invoice_id").eq(change.invoice_id),
    )


def read_plan_change(item: Item) -> PlanChange:
    return PlanChange(
        id=item["id"],
        account_id=item["account_id"],
        number=int(item["number"]),
        subscription_id=item["subscription_id"],
        old_plan=item["old_plan"],
        new_plan=item["new_plan"],
        reason=item["reason"],
        old_period=_read_period(item["old_period"]),
        new_period=_read_period(item["new_period"]),
        refund=int(item["refund"]),
        old_price=int(item["old_price"]),
        new_price=int(item["new_price"]),
        invoice_id=item["invoice_id"],
        changed_at=parse_instant(item["changed_at"]),
    )


def _item(change: PlanChange) -> Item:
    return {
        "id": change.id,
        "account_id": change.account_id,
        "number": change.number,
        "subscription_id": change.subscription_id,
        "old_plan": change.old_plan,
        "new_plan": change.new_plan,
        "reason": change.reason,
        "old_period": _period(change.old_period),
        "new_period": _period(change.new_period),
        "refund": change.refund,
        "old_price": change.old_price,
        "new_price": change.new_price,
        "invoice_id": change.invoice_id,
        "changed_at": stamp(change.changed_at),
    }


def _period(period: Period) -> list[str]:
    return [stamp(period.start), stamp(period.end), period.zone]


def _read_period(item: list[str]) -> Period:
    start, end, zone = item
    return Period(parse_instant(start), parse_instant(end), zone)
