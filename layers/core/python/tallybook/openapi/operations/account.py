"""ScaleBox's paths of the account, its email and its subscription."""

from tallybook.openapi.answers import accounts, subscriptions
from tallybook.openapi.operations.operation import Area, Operation

_ACCOUNT = "/v1/user-management/account"
_SUBSCRIPTION = f"{_ACCOUNT}/subscription"
_LIMIT = {429: ("too_many_requests",)}
_REFUSED_PLAN = {
    400: ("unknown_plan", "same_plan", "quota_exceeds_plan"),
    403: ("account_suspended",),
    409: ("plan_change_in_progress",),
    **_LIMIT,
}

ACCOUNT = Area(
    "Account and subscription",
    "The account's profile and email, plans, and the subscription.",
    {
        ("PUT", _ACCOUNT): Operation(
            "changeAccount",
            "Change name, description or time zone",
            "root",
            accounts.AccountData,
            example="account",
            refusals={400: ("invalid_name",), **_LIMIT},
        ),
        ("GET", "/v1/user-management/plans"): Operation(
            "listPlans", "The plans that are sold", "public", subscriptions.PlanList, example="plans"
        ),
        ("GET", _SUBSCRIPTION): Operation(
            "getSubscription",
            "The plan and the current period",
            "user",
            subscriptions.SubscriptionData,
            example="subscription",
        ),
        ("POST", _SUBSCRIPTION): Operation(
            "changeSubscription",
            "Change the plan, at once",
            "root",
            subscriptions.ChangedSubscription,
            example="subscription_changed",
            refusals={**_REFUSED_PLAN, 402: ("payment_required", "invoice_overdue")},
        ),
        ("POST", f"{_SUBSCRIPTION}/preview"): Operation(
            "previewSubscription",
            "What the change would cost and credit; nothing is written",
            "root",
            subscriptions.PlanPreview,
            example="subscription_preview",
            refusals=_REFUSED_PLAN,
        ),
        ("GET", f"{_SUBSCRIPTION}/history"): Operation(
            "listSubscriptionChanges",
            "Changes of plan, newest first",
            "root",
            subscriptions.PlanChangeList,
            example="subscription_history",
        ),
        ("POST", f"{_ACCOUNT}/email-change-request"): Operation(
            "requestEmailChange",
            "Request another email; both addresses get a link",
            "root",
            accounts.EmailChange,
            status=201,
            example="email_change_requested",
            refusals={
                400: ("invalid_email", "email_exists", "email_unreachable", "email_change_pending"),
                **_LIMIT,
            },
        ),
        ("GET", f"{_ACCOUNT}/email-change-status"): Operation(
            "getEmailChange",
            "The status of the last request",
            "user",
            accounts.EmailChange,
            example="email_change_status",
        ),
        ("POST", f"{_ACCOUNT}/clear-email-change-requests"): Operation(
            "clearEmailChange", "Cancel the pending request", "root", refusals=_LIMIT
        ),
        ("POST", f"{_ACCOUNT}/confirm-email-change"): Operation(
            "confirmEmailChange",
            "Confirm one address, with its token",
            "public",
            accounts.EmailConfirmation,
            example="email_change_confirmed",
            refusals={400: ("invalid_token", "email_exists"), **_LIMIT},
        ),
    },
)
