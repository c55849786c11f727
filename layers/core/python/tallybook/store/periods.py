"""The period keys of a billing period, one in each shard, which have `open` as long as usage may be added.

Shard 0 also has what the period pinned. Each change of something that the invoice bills increments `version`, so that
closing can require that nothing changed since the items were read.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal

from boto3.dynamodb.conditions import Attr, ConditionBase

from tallybook.domain.accounts import Account
from tallybook.domain.billing_period import BillingPeriod, FormerPin
from tallybook.domain.periods import Period
from tallybook.domain.times import instant_or_none, stamp
from tallybook.store import keys
from tallybook.store.accounts import as_read, same_subscription
from tallybook.store.commands import Addend, Check, Item, Put, Update
from tallybook.store.keys import Key
from tallybook.store.schedules import period_item, read_period

PERIOD = "period"
OPEN = Attr("open").exists()
_AHEAD = "ahead:"


def period_key(account_id: str, period: Period, shard: int = 0) -> Key:
    return keys.counter(account_id, period.start, PERIOD, shard)


def is_period_key(item: Item) -> bool:
    return str(item["sk"]).startswith(f"{PERIOD}#")


def open_period(account: Account, billing_period: BillingPeriod) -> tuple[Put, ...]:
    """Write the period key of each shard; WriteConflict if the period is open or was opened before."""
    pinned = {
        **period_item(billing_period.period),
        "account_id": account.id,
        "plan": billing_period.plan,
        "catalog_version": billing_period.catalog_version,
        "shards": billing_period.shards,
        "completed": billing_period.completed_sessions or None,
        "discount": billing_period.discount,
        **_ahead_item(billing_period.ahead),
    }
    return tuple(
        Put(period_key(account.id, billing_period.period, shard), {"open": True, **(pinned if shard == 0 else {})})
        for shard in range(billing_period.shards)
    )


def check_subscription_unchanged(account: Account) -> Check:
    """Require that the account has the plan, schedule and discount with which a period is about to be opened."""
    unchanged = same_subscription(account) & as_read("discount", account.billing.discount)
    return Check(keys.account(account.id), unchanged & Attr("status").ne("deleted"))


def count_completed(account_id: str, period: Period) -> Update:
    """Count a session that ended within the period, if the period is open."""
    return Update(period_key(account_id, period), add={"completed": 1}, condition=OPEN)


def check_still_open(account_id: str, period: Period) -> Check:
    return Check(period_key(account_id, period), OPEN)


def check_never_opened(account_id: str, period: Period) -> Check:
    """Require that the period was not opened, so no usage was counted in it."""
    return Check(period_key(account_id, period), Attr("pk").not_exists())


def repin(account_id: str, billing_period: BillingPeriod) -> Update:
    """Pin another plan to an open period. The new plan's prices apply also to usage counted before.

    What the period had pinned is kept as `former`, for usage that the new plan has no price for.
    """
    pinned = {
        "end": stamp(billing_period.period.end),
        "zone": billing_period.period.zone,
        "plan": billing_period.plan,
        "catalog_version": billing_period.catalog_version,
        "discount": billing_period.discount,
        "former": billing_period.former._asdict() if billing_period.former else None,
        **_ahead_item(billing_period.ahead),
    }
    return Update(period_key(account_id, billing_period.period), set=pinned, add={"version": 1}, condition=OPEN)


def close_period(account_id: str, closed: BillingPeriod, key_items: Iterable[Item]) -> tuple[Update, ...]:
    """Remove `open` from the period key of each shard; WriteConflict if one changed since `key_items` were read.

    Also store what was billed for the period, by which rules, and, if a plan change cut it short, its new end and what
    it carries.
    """
    outcome: Item = {"billed": closed.billed, "rules": closed.rules}
    if closed.cut_from is not None:
        outcome |= {
            "end": stamp(closed.period.end),
            "cut_from": stamp(closed.cut_from),
            "carries": set(closed.carries) or None,
        }
    return tuple(
        Update(
            Key("usage", item["pk"], item["sk"]),
            set=outcome if item["sk"] == period_key(account_id, closed.period).sk else {},
            remove=("open",),
            condition=OPEN & _unchanged(item, "version"),
        )
        for item in key_items
    )


def bill_late(account_id: str, before: BillingPeriod, amount: int) -> Update:
    """Add `amount` to what was billed for a closed period; WriteConflict if another invoice did so first.

    Also store what of it is void, as in `before`.
    """
    outcome = {
        "billed": before.billed + amount,
        "voided": before.voided or None,
        "forgiven": before.forgiven or None,
        "void": before.is_void or None,
    }
    unchanged = Attr("billed").eq(before.billed) & Attr("open").not_exists()
    return Update(period_key(account_id, before.period), set=outcome, condition=unchanged)


def add_ahead(account_id: str, period_start: datetime, more: Mapping[str, Decimal]) -> Update:
    """Add what late usage of the period before was ahead of time, if the period that starts then is open."""
    additions: dict[str, Addend] = {**_ahead_item(more), "version": 1}
    return Update(keys.counter(account_id, period_start, PERIOD, 0), add=additions, condition=OPEN)


def bill_again(account_id: str, start: datetime, *, target: datetime) -> Update:
    """List a closed period as late in the period that starts at `target`, which must be open; its invoice bills it."""
    late = {stamp(start)}
    return Update(keys.counter(account_id, target, PERIOD, 0), add={"version": 1, "late": late}, condition=OPEN)


def read_billing_period(item: Item) -> BillingPeriod:
    """Read the period key of shard 0."""
    return BillingPeriod(
        period=read_period(item),
        plan=item["plan"],
        catalog_version=int(item["catalog_version"]),
        shards=int(item["shards"]),
        is_open="open" in item,
        completed_sessions=int(item.get("completed", 0)),
        cut_from=instant_or_none(item.get("cut_from")),
        late=frozenset(item.get("late", ())),
        billed=int(item.get("billed", 0)),
        voided=int(item.get("voided", 0)),
        forgiven=int(item.get("forgiven", 0)),
        is_void=bool(item.get("void")),
        former=_read_former(item.get("former")),
        discount=item.get("discount"),
        ahead={name.removeprefix(_AHEAD): amount for name, amount in item.items() if name.startswith(_AHEAD)},
        carries=frozenset(item.get("carries", ())),
        rules=None if "rules" not in item else int(item["rules"]),
    )


def billing_period_of(items: Iterable[Item]) -> BillingPeriod | None:
    """Read shard 0's among these items; None if the period was not opened."""
    return next((read_billing_period(item) for item in items if "start" in item), None)


def _read_former(item: Item | None) -> FormerPin | None:
    """None for a period that was never re-pinned, or was by an earlier release."""
    return FormerPin(item["plan"], int(item["catalog_version"])) if item else None


def _unchanged(item: Item, attribute: str) -> ConditionBase:
    return Attr(attribute).eq(item[attribute]) if attribute in item else Attr(attribute).not_exists()


def _ahead_item(ahead: Mapping[str, Decimal]) -> Item:
    return {f"{_AHEAD}{field}": amount for field, amount in ahead.items()}
