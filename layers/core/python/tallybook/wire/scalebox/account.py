"""ScaleBox's account page: users, API keys, plans and the subscription.

The operator's command also uses `account_fields`, `user_fields` and `present_api_key`. `time` formats an instant: in
whole seconds on the wire, in milliseconds for the operator.
"""

from collections.abc import Callable
from datetime import datetime

from tallybook.domain.accounts import Account, User
from tallybook.domain.catalog import Plan
from tallybook.domain.credentials import Credential
from tallybook.domain.ids import ACCOUNT, API_KEY, SUBSCRIPTION, USER
from tallybook.domain.quotas import FIELDS
from tallybook.domain.subscriptions import PlanList, Subscription
from tallybook.wire.response import amount, seconds

type FormatTime = Callable[[datetime], str]


def present_user(account: Account, user: User) -> dict[str, object]:
    """`email` is the account's, which its users share. Source: docs/decisions.md, "ScaleBox"."""
    return {
        **user_fields(user),
        "email": account.email,
        "login_email": user.email,
        "account": present_account(account),
    }


def user_fields(user: User, *, time: FormatTime = seconds) -> dict[str, object]:
    return {
        "user_id": USER + user.id,
        "account_id": ACCOUNT + user.account_id,
        "display_name": user.name,
        "role": user.role,
        "is_root_user": user.is_root,
        "status": user.status,
        "suspended_at": user.suspended_at and time(user.suspended_at),
        "suspension_reason": user.suspension_reason,
        "has_joined": user.password_hash is not None,
        "created_at": time(user.created_at),
    }


def present_account(account: Account) -> dict[str, object]:
    return {**account_fields(account), "description": account.description}


def account_fields(account: Account, *, time: FormatTime = seconds) -> dict[str, object]:
    return {
        "account_id": ACCOUNT + account.id,
        "display_name": account.display_name,
        "email": account.email,
        "status": account.status,
        "suspended_at": account.suspension.at and time(account.suspension.at),
        "suspension_reason": account.suspension.reason,
        "time_zone": account.time_zone,
        "created_at": time(account.created_at),
    }


def present_api_key(key: Credential, *, time: FormatTime = seconds) -> dict[str, object]:
    """A key without its secret; `hint` is the secret's last four characters."""
    return {
        "api_key_id": API_KEY + key.id,
        "user_id": USER + key.user_id,
        "name": key.name,
        "hint": key.hint,
        "created_at": time(key.created_at),
        "expires_at": key.expires_at and time(key.expires_at),
        "last_used_at": key.last_used_at and time(key.last_used_at),
    }


def present_created_api_key(key: Credential, text: str) -> dict[str, object]:
    """The only answer that contains the secret."""
    return {**present_api_key(key), "api_key": text}


def present_plan(plan: Plan, *, currency: str) -> dict[str, object]:
    """The account-wide quotas are Tallybook's addition; null is no limit.

    Source: ScaleBox account management, "List Public Plans".
    """
    return {
        "plan_name": plan.name,
        "display_name": plan.display_name,
        "description": plan.description,
        "price_amount": amount(plan.price),
        "currency": currency,
        "billing_interval": plan.billing_interval,
        "is_free": plan.is_free,
        **plan.limits,
        **{name: plan.quotas.get(name) for name in FIELDS},
    }


def present_plans(listed: PlanList) -> dict[str, object]:
    return {"plans": [present_plan(one, currency=listed.currency) for one in listed.plans]}


def present_subscription(subscription: Subscription) -> dict[str, object]:
    """ScaleBox defines no fields for this answer; these are like those of its other answers.

    Source: ScaleBox account management, "Get Active Subscription".
    """
    account, period = subscription.account, subscription.opened.period
    return {
        "subscription": {
            "subscription_id": SUBSCRIPTION + account.subscription_id,
            "account_id": ACCOUNT + account.id,
            "plan_name": subscription.plan.name,
            "status": "active",
            "current_period_start": seconds(period.start),
            "current_period_end": seconds(period.display_end),
            "created_at": seconds(account.subscribed_at),
            "plan": present_plan(subscription.plan, currency=subscription.currency),
        }
    }
