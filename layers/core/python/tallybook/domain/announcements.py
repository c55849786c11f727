"""What is announced on the bus, event by event. Each has a JSON schema in `infra/events/`, by name and version.

Ids carry their prefixes, money is in micros, times are RFC 3339; what is not known is null. A field is never taken
away or given another meaning within a version.
"""

from tallybook.domain.accounts import Account, User
from tallybook.domain.credentials import Credential
from tallybook.domain.ids import ACCOUNT, API_KEY, ENTRY, INVOICE, PLAN_CHANGE, SUBSCRIPTION, USER
from tallybook.domain.invoices import Invoice
from tallybook.domain.outbox import BusEvent
from tallybook.domain.plan_changes import PlanChange
from tallybook.domain.times import stamp, stamp_or_none
from tallybook.domain.wallet import Entry


def account_registered(account: Account, root: User) -> BusEvent:
    data = {
        "account_id": ACCOUNT + account.id,
        "email": account.email,
        "time_zone": account.time_zone,
        "root_user_id": USER + root.id,
        "root_user_display_name": root.name,
    }
    return BusEvent("AccountRegistered", data)


def account_changed(account: Account) -> BusEvent:
    """What its root users set: names, and the zone of its months from the next period on."""
    data = {
        "account_id": ACCOUNT + account.id,
        "display_name": account.display_name,
        "description": account.description,
        "time_zone": account.time_zone,
    }
    return BusEvent("AccountChanged", data)


def account_suspended(account: Account, *, reason: str) -> BusEvent:
    return BusEvent("AccountSuspended", {"account_id": ACCOUNT + account.id, "reason": reason})


def account_resumed(account: Account, *, reason: str) -> BusEvent:
    return BusEvent("AccountResumed", {"account_id": ACCOUNT + account.id, "reason": reason})


def account_email_changed(account: Account, *, email: str, login_of: str | None) -> BusEvent:
    """`login_of` is the user who signs in with the new address from now on; null where nobody did with the old one."""
    data = {
        "account_id": ACCOUNT + account.id,
        "email": email,
        "previous_email": account.email,
        "login_of": login_of and USER + login_of,
    }
    return BusEvent("AccountEmailChanged", data)


def account_terms_changed(account: Account) -> BusEvent:
    """Percentages as decimal text; no tax rate is the catalog's."""
    data = {
        "account_id": ACCOUNT + account.id,
        "tax_rate": None if account.tax_rate is None else f"{account.tax_rate:f}",
        "discount": f"{account.discount:f}",
    }
    return BusEvent("AccountTermsChanged", data)


def user_invited(user: User) -> BusEvent:
    return BusEvent("UserInvited", {**_named(user), "email": user.email, **_shown(user)})


def user_joined(user: User) -> BusEvent:
    """Whoever was invited has set a password, and perhaps their name."""
    return BusEvent("UserJoined", {**_named(user), "display_name": user.name})


def user_changed(user: User) -> BusEvent:
    return BusEvent("UserChanged", {**_named(user), **_shown(user)})


def user_suspended(user: User) -> BusEvent:
    """The status is `suspended` or `disabled`; either way the user is refused everywhere."""
    return BusEvent("UserSuspended", {**_named(user), "status": user.status, "reason": user.suspension_reason})


def user_resumed(user: User) -> BusEvent:
    return BusEvent("UserResumed", _named(user))


def user_deleted(user: User) -> BusEvent:
    return BusEvent("UserDeleted", _named(user))


def password_changed(user: User) -> BusEvent:
    return BusEvent("PasswordChanged", _named(user))


def api_key_created(key: Credential) -> BusEvent:
    return BusEvent("ApiKeyCreated", {**_key(key), "expires_at": stamp_or_none(key.expires_at)})


def api_key_revoked(key: Credential) -> BusEvent:
    return BusEvent("ApiKeyRevoked", _key(key))


def subscription_started(account: Account) -> BusEvent:
    data = {
        "account_id": ACCOUNT + account.id,
        "subscription_id": SUBSCRIPTION + account.subscription_id,
        "plan_name": account.plan,
        "started_at": stamp(account.subscribed_at),
    }
    return BusEvent("SubscriptionStarted", data)


def subscription_changed(change: PlanChange) -> BusEvent:
    """`refund` is the credit for the unused part of the old plan's fee, on the invoice named."""
    data = {
        "account_id": ACCOUNT + change.account_id,
        "subscription_id": SUBSCRIPTION + change.subscription_id,
        "change_id": PLAN_CHANGE + change.id,
        "old_plan_name": change.old_plan,
        "new_plan_name": change.new_plan,
        "reason": change.reason,
        "refund": change.refund,
        "old_plan_price": change.old_price,
        "new_plan_price": change.new_price,
        "invoice_id": INVOICE + change.invoice_id,
        "period_start": stamp(change.new_period.start),
        "period_end": stamp(change.new_period.end),
        "changed_at": stamp(change.changed_at),
    }
    return BusEvent("SubscriptionChanged", data)


def wallet_moved(entry: Entry) -> BusEvent:
    """Credits came or went; what usage takes is announced by no event of its own.

    Of two, the one with the higher `number` has the newer balance; `reference` is what whoever moved them called it,
    or the id of the invoice that was paid or voided.
    """
    data = {
        "account_id": ACCOUNT + entry.account_id,
        "entry_id": ENTRY + entry.id,
        "number": entry.number,
        "kind": entry.kind,
        "amount": entry.amount,
        "balance": entry.balance_after,
        "reference": INVOICE + entry.cause if entry.kind in ("invoice_payment", "refund") else entry.cause,
    }
    return BusEvent("WalletMoved", data)


def invoice_issued(invoice: Invoice) -> BusEvent:
    """Its status is `open`, or `paid` where there was nothing to pay or the balance paid it at once."""
    data = {
        **_invoice(invoice),
        "revision": invoice.revision,
        "plan_name": invoice.plan,
        "subtotal": invoice.subtotal,
        "tax": invoice.tax,
        "paid_by_balance": invoice.paid_by_balance,
        "issued_at": stamp_or_none(invoice.issued_at),
        "due_date": stamp_or_none(invoice.due_date),
    }
    return BusEvent("InvoiceIssued", data)


def invoice_paid(invoice: Invoice) -> BusEvent:
    """`payment_method` is null where there was nothing to pay."""
    data = {
        **_invoice(invoice),
        "paid_at": stamp_or_none(invoice.paid_at),
        "paid_by_balance": invoice.paid_by_balance,
        "payment_method": invoice.payment_method,
    }
    return BusEvent("InvoicePaid", data)


def invoice_overdue(invoice: Invoice) -> BusEvent:
    return BusEvent("InvoiceOverdue", {**_invoice(invoice), "due_date": stamp_or_none(invoice.due_date)})


def invoice_voided(invoice: Invoice, *, given_back: int) -> BusEvent:
    """Nothing of it is owed any more; what the balance had paid of it went back there."""
    data = {
        **_invoice(invoice),
        "voided_at": stamp_or_none(invoice.voided_at),
        "reason": invoice.void_reason,
        "given_back": given_back,
    }
    return BusEvent("InvoiceVoided", data)


def _invoice(invoice: Invoice) -> dict[str, object]:
    return {
        "account_id": ACCOUNT + invoice.account_id,
        "invoice_id": INVOICE + invoice.id,
        "invoice_number": invoice.number,
        "period_start": stamp(invoice.period.start),
        "period_end": stamp(invoice.period.end),
        "total": invoice.total,
        "amount_due": invoice.amount_due,
        "currency": invoice.currency,
        "status": invoice.status,
    }


def _named(user: User) -> dict[str, object]:
    return {"account_id": ACCOUNT + user.account_id, "user_id": USER + user.id}


def _shown(user: User) -> dict[str, object]:
    return {"display_name": user.name, "role": user.role, "is_root_user": user.is_root, "status": user.status}


def _key(key: Credential) -> dict[str, object]:
    return {
        "account_id": ACCOUNT + key.account_id,
        "user_id": USER + key.user_id,
        "api_key_id": API_KEY + key.id,
        "name": key.name,
    }
