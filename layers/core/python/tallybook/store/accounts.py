"""Accounts, as items."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from boto3.dynamodb.conditions import Attr, ConditionBase

from tallybook.domain.accounts import (
    MAX_USERS,
    Account,
    BillingTerms,
    Counts,
    FeeTerms,
    Receivables,
    Suspension,
    Wallet,
)
from tallybook.domain.emails import mailbox
from tallybook.domain.jobs import partition
from tallybook.domain.recent_changes import RecentChanges
from tallybook.domain.times import instant_or_none, parse_instant, stamp, stamp_or_none
from tallybook.store import keys
from tallybook.store.closing_cursors import closing_cursor_item, read_closing_cursor
from tallybook.store.commands import Item, Put, Update
from tallybook.store.corrections import corrections_item, read_corrections
from tallybook.store.schedules import read_schedule, schedule_items

ACCOUNTS = "account"
"""The kind of work in the index `work` that lists all accounts by creation time."""

ACTIVE = Attr("status").eq("active")

_COUNTS: Mapping[str, str] = {
    "audits": "audit_count",
    "running": "running_count",
    "users": "user_count",
    "keys": "key_count",
    "invoices": "invoice_count",
    "issued": "issued_count",
    "overdue": "overdue_count",
    "changes": "plan_change_count",
    "schedules": "schedule_count",
    "allocations": "allocation_count",
    "requests": "request_count",
    "budgets": "budget_count",
    "messages": "message_count",
    "archived": "archived_message_count",
}
"""Attributes by name, with the field of `Counts`."""


def account_item(account: Account) -> Item:
    return {
        "id": account.id,
        "email": account.email,
        "created_at": stamp(account.created_at),
        "status": account.status,
        "plan": account.plan,
        "subscription_id": account.subscription_id,
        "subscribed_at": stamp(account.subscribed_at),
        "calendar": schedule_items(account.schedule),
        "first_period_at": stamp(account.first_period_at),
        "cycle": closing_cursor_item(account.closing_cursor),
        "display_name": account.display_name,
        "description": account.description,
        "balance": account.wallet.balance,
        "entries": account.wallet.entry_count,
        "welcome": account.wallet.welcome,
        "minute": account.recent.minute or None,
        "recent": account.recent.made or None,
        **{name: getattr(account.counts, field) for name, field in _COUNTS.items()},
        "allocated": dict(account.allocated),
        "hard_limit": account.hard_limit,
        "email_unconfirmed": account.email_unconfirmed or None,
        **_receivables_item(account.receivables),
        "tax_rate": account.billing.tax_rate,
        "discount": account.billing.discount,
        "suspended_ms": dict(account.suspension.milliseconds),
        "suspended_at": stamp_or_none(account.suspension.at),
        "suspension_reason": account.suspension.reason,
        "fee_year": _fee_year_item(account.fee_year),
        "corrections": corrections_item(account.corrections),
        "work": partition(ACCOUNTS, account.id),
        "due": stamp(account.created_at),
    }


def read_account(item: Item) -> Account:
    return Account(
        id=item["id"],
        email=item["email"],
        created_at=parse_instant(item["created_at"]),
        status=item["status"],
        plan=item["plan"],
        subscription_id=item["subscription_id"],
        subscribed_at=parse_instant(item["subscribed_at"]),
        schedule=read_schedule(item["calendar"]),
        first_period_at=parse_instant(item["first_period_at"]),
        closing_cursor=read_closing_cursor(item["cycle"]),
        display_name=item.get("display_name"),
        description=item.get("description"),
        counts=_read_counts(item),
        recent=RecentChanges(minute=int(item.get("minute") or 0), made=int(item.get("recent") or 0)),
        wallet=Wallet(
            balance=int(item["balance"]),
            entry_count=int(item["entries"]),
            welcome=None if item.get("welcome") is None else int(item["welcome"]),
        ),
        receivables=_read_receivables(item),
        billing=BillingTerms(tax_rate=item.get("tax_rate"), discount=item.get("discount", Decimal(0))),
        suspension=Suspension(
            milliseconds={start: int(ms) for start, ms in item.get("suspended_ms", {}).items()},
            at=instant_or_none(item.get("suspended_at")),
            reason=item.get("suspension_reason"),
        ),
        fee_year=_read_fee_year(item.get("fee_year")),
        corrections=read_corrections(item.get("corrections")),
        allocated=read_quota(item.get("allocated", {})),
        hard_limit=None if item.get("hard_limit") is None else int(item["hard_limit"]),
        email_unconfirmed=item.get("email_unconfirmed", False),
    )


def _read_counts(item: Item) -> Counts:
    """A count that a release added is 0 in the accounts of earlier ones."""
    return Counts(**{field: int(item.get(name, 0)) for name, field in _COUNTS.items()})


def read_quota(item: Mapping[str, Any]) -> dict[str, int]:
    return {name: int(amount) for name, amount in item.items()}


def put_account(account: Account) -> Put:
    return Put(keys.account(account.id), account_item(account))


def count_users(account_id: str) -> Update:
    """Add 1 to the count of users, if the account is active and below the maximum."""
    return Update(keys.account(account_id), add={"users": 1}, condition=ACTIVE & Attr("users").lt(MAX_USERS))


def count_invoices(account: Account, *, positions: int, numbers: int) -> Update:
    """Add to the counts of invoices, drafts included, and of issued invoices, if both are as read."""
    counts = {"invoices": account.counts.invoice_count + positions, "issued": account.counts.issued_count + numbers}
    unchanged = Attr("invoices").eq(account.counts.invoice_count) & Attr("issued").eq(account.counts.issued_count)
    return Update(keys.account(account.id), set=counts, condition=unchanged)


def set_receivables(account: Account) -> Update:
    """Set what the account has to pay, and the count of overdue and uncollectible invoices.

    The transaction must check that the account is as read. ValueError if it is unknown what the account has to pay.
    """
    if account.receivables.unpaid is None:
        raise ValueError("the unpaid invoices must be read first")
    changed = {"overdue": account.counts.overdue_count, **_receivables_item(account.receivables)}
    return Update(keys.account(account.id), set=changed)


def set_account(account: Account, **values: object) -> Update:
    """Set these attributes, if the status is as read."""
    return Update(keys.account(account.id), set=values, condition=Attr("status").eq(account.status))


def confirm_account_email(account: Account) -> Update:
    """Note that a link of a mail to the account's email was used. WriteConflict if the email is another one by now."""
    return Update(keys.account(account.id), remove=("email_unconfirmed",), condition=Attr("email").eq(account.email))


def is_confirmed_account(item: Item, email: str) -> bool:
    """Whether the account has this email, and a link of a mail to it was used; also an account of earlier releases."""
    return mailbox(item["email"]) == mailbox(email) and not item.get("email_unconfirmed")


def set_plan(before: Account, after: Account) -> Update:
    """Set plan and schedule, if status, plan and schedule are as read."""
    unchanged = same_subscription(before) & Attr("status").eq(before.status)
    changed = {"plan": after.plan, **_schedule_values(before, after)}
    return Update(keys.account(before.id), set=changed, condition=unchanged)


def set_fee_year(account: Account, fee_year: FeeTerms | None) -> Update:
    """Set the terms of the year of a yearly plan. The transaction must check that the account is as read."""
    return Update(keys.account(account.id), set={"fee_year": _fee_year_item(fee_year)})


def set_profile(before: Account, after: Account) -> Update:
    """Set names and schedule, if plan and schedule are as read."""
    changed = {
        "display_name": after.display_name,
        "description": after.description,
        **_schedule_values(before, after),
    }
    return Update(keys.account(before.id), set=changed, condition=same_subscription(before))


def same_subscription(account: Account) -> ConditionBase:
    """The condition that plan and schedule are as read."""
    return Attr("plan").eq(account.plan) & as_read("schedules", account.counts.schedule_count)


def as_read(attribute: str, value: int | Decimal | Mapping[str, int]) -> ConditionBase:
    """The condition that the attribute is as read: nothing is also that an account of an earlier release lacks it."""
    return Attr(attribute).eq(value) if value else Attr(attribute).not_exists() | Attr(attribute).eq(value)


def _schedule_values(before: Account, after: Account) -> Item:
    """The new schedule, if it changed, and the count of changes that `same_subscription` compares."""
    if after.schedule == before.schedule:
        return {}
    return {"calendar": schedule_items(after.schedule), "schedules": before.counts.schedule_count + 1}


def _fee_year_item(year: FeeTerms | None) -> Item | None:
    return {"start": stamp(year.start), "price": year.price, "discount": year.discount} if year else None


def _read_fee_year(item: Mapping[str, Any] | None) -> FeeTerms | None:
    return FeeTerms(parse_instant(item["start"]), int(item["price"]), item["discount"]) if item else None


def _receivables_item(receivables: Receivables) -> Item:
    unpaid, unreminded, last_issued_at = receivables
    return {
        "unpaid": None if unpaid is None else list(unpaid),
        "unreminded": {str(position): due for position, due in unreminded.items()} or None,
        "last_issued_at": stamp_or_none(last_issued_at),
    }


def _read_receivables(item: Item) -> Receivables:
    return Receivables(
        unpaid=None if item.get("unpaid") is None else tuple(map(int, item["unpaid"])),
        unreminded={int(position): int(due) for position, due in (item.get("unreminded") or {}).items()},
        last_issued_at=instant_or_none(item.get("last_issued_at")),
    )
