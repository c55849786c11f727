"""What ScaleBox's account pages show: users, API keys, plans and the subscription."""

from tallybook.domain.accounts import Account, User
from tallybook.domain.catalog import Plan
from tallybook.domain.credentials import Credential
from tallybook.domain.ids import ACCOUNT, API_KEY, SUBSCRIPTION, USER
from tallybook.domain.quotas import FIELDS
from tallybook.domain.subscriptions import PlanList, Subscription
from tallybook.wire.response import amount, seconds, seconds_or_none


def present_user(account: Account, user: User) -> dict[str, object]:
    """A user; the email shown is the account's, which its users share (decisions, ScaleBox)."""
    return {
        "user_id": USER + user.id,
        "account_id": ACCOUNT + user.account_id,
        "email": account.email,
        "login_email": user.email,
        "display_name": user.name,
        "role": user.role,
        "is_root_user": user.is_root,
        "status": user.status,
        "suspended_at": seconds_or_none(user.suspended_at),
        "suspension_reason": user.suspension_reason,
        "has_joined": user.password_hash is not None,
        "created_at": seconds(user.created_at),
        "account": present_account(account),
    }


def present_account(account: Account) -> dict[str, object]:
    return {
        "account_id": ACCOUNT + account.id,
        "display_name": account.display_name,
        "description": account.description,
        "email": account.email,
        "status": account.status,
        "suspended_at": seconds_or_none(account.suspension.at),
        "suspension_reason": account.suspension.reason,
        "time_zone": account.time_zone,
        "created_at": seconds(account.created_at),
    }


def present_api_key(key: Credential) -> dict[str, object]:
    """A key without its secret; `hint` is the secret's last four characters."""
    return {
        "api_key_id": API_KEY + key.id,
        "user_id": USER + key.user_id,
        "name": key.name,
        "hint": key.hint,
        "created_at": seconds(key.created_at),
        "expires_at": seconds_or_none(key.expires_at),
        "last_used_at": seconds_or_none(key.last_used_at),
    }


def present_created_api_key(key: Credential, text: str) -> dict[str, object]:
    """The only answer that shows the secret."""
    return {**present_api_key(key), "api_key": text}


def present_plan(plan: Plan, *, currency: str) -> dict[str, object]:
    """Source: ScaleBox account management, "List Public Plans"; the account-wide quotas are ours, null for no limit."""
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


def present_subscription(held: Subscription) -> dict[str, object]:
    """Source: ScaleBox account management, "Get Active Subscription"; its own fields are read from its siblings."""
    period = held.opened.period
    return {
        "subscription": {
            "subscription_id": SUBSCRIPTION + held.account.subscription_id,
            "account_id": ACCOUNT + held.account.id,
            "plan_name": held.plan.name,
            "status": "active",
            "current_period_start": seconds(period.start),
            "current_period_end": seconds(period.shown_end),
            "created_at": seconds(held.account.subscribed_at),
            "plan": present_plan(held.plan, currency=held.currency),
        }
    }
