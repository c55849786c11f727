"""Calls as a user of the generated client writes them. It runs with the client's own Python, not with the product's.

Prints one JSON object of what it got. Arguments: URL, email, password, platform key, account id, user id.
"""

import json
import sys
from datetime import UTC, datetime
from typing import Any

from tallybook_api import AuthenticatedClient, Client
from tallybook_api.api.account_and_subscription import list_plans
from tallybook_api.api.bills import get_current_bill, get_invoice, list_invoices
from tallybook_api.api.budget import create_budget, delete_budget, get_budget
from tallybook_api.api.signing_up_and_in import login
from tallybook_api.api.the_platform import send_events, start_session
from tallybook_api.api.users_and_keys import create_api_key, get_current_user
from tallybook_api.models import (
    ApiKeyRequest,
    BudgetRequest,
    BudgetRequestLimitType,
    LimitType,
    LoginRequest,
    StartSessionRequest,
    UsageData,
    UsageEvent,
)


def main(url: str, email: str, password: str, *, platform_key: str, account_id: str, user_id: str) -> None:
    public = Client(base_url=url)
    signed_in = login.sync(client=public, body=LoginRequest(email=email, password=password))
    session = AuthenticatedClient(base_url=url, token=signed_in.session_token)
    me = get_current_user.sync(client=session).data.user
    key = create_api_key.sync(client=session, body=ApiKeyRequest(name="generated")).data
    user = with_key(url, key.api_key)
    platform = with_key(url, platform_key)
    print(
        json.dumps(
            {
                "session_ends": signed_in.expires_at.isoformat(),
                "me": [me.user_id, me.login_email, me.account.account_id, me.role],
                "key": [key.name, key.expires_at, key.last_used_at],
                "plans": [plan.plan_name for plan in list_plans.sync(client=public).data.plans],
                **_budget(user),
                **_bills(user),
                **_platform(platform, account_id, user_id),
            }
        )
    )


def with_key(url: str, key: str) -> AuthenticatedClient:
    return AuthenticatedClient(base_url=url, token=key, prefix="", auth_header_name="X-API-Key")


def _budget(user: AuthenticatedClient) -> dict[str, Any]:
    wanted = BudgetRequest(
        budget_amount=250, limit_type=BudgetRequestLimitType.HARD, notification_emails=["finance@example.com"]
    )
    before = get_budget.sync(client=user).data
    created = create_budget.sync(client=user, body=wanted).data
    again = create_budget.sync_detailed(client=user, body=wanted)
    message = delete_budget.sync(client=user).message
    return {
        "no_budget": before,
        "budget": [created.budget_amount, created.limit_type == LimitType.HARD, created.is_restricted],
        "again": [again.status_code, type(again.parsed).__name__, again.parsed.code],
        "deleted": message,
    }


def _bills(user: AuthenticatedClient) -> dict[str, Any]:
    bill = get_current_bill.sync(client=user).data
    listed = list_invoices.sync(client=user, page=1, limit=5).data
    unknown = get_invoice.sync_detailed("inv-unknown", client=user)
    return {
        "bill": [bill.current_cost, bill.subscription_fee.plan_name, bill.current_period.start.isoformat()],
        "invoices": [len(listed.invoices), listed.pagination.limit],
        "unknown": [unknown.status_code, unknown.parsed.code],
    }


def _platform(platform: AuthenticatedClient, account_id: str, user_id: str) -> dict[str, Any]:
    size = StartSessionRequest(account_id, user_id, cpu_cores=1, memory_gb=2, storage_gb=5, timeout_seconds=3600)
    started = start_session.sync(client=platform, body=size).data
    too_big = StartSessionRequest(account_id, user_id, cpu_cores=999, memory_gb=2, storage_gb=5, timeout_seconds=60)
    refused = start_session.sync(client=platform, body=too_big)
    event = UsageEvent(
        specversion="1.0",
        type_="tallybook.usage.v1",
        source="generated client",
        id="event-1",
        time=datetime(2026, 4, 20, 12, tzinfo=UTC),
        subject=account_id,
        data=UsageData(meter="cpu_seconds", quantity=1.5, user_id=user_id, session_id=started.session_id),
    )
    results = send_events.sync(client=platform, body=event).data
    return {
        "session": started.status,
        "refused": [refused.code, [reason.code for reason in refused.data.reasons]],
        "events": [results.accepted, [result.status for result in results.results]],
    }


if __name__ == "__main__":
    URL, EMAIL, PASSWORD, KEY, ACCOUNT, USER = sys.argv[1:]
    main(URL, EMAIL, PASSWORD, platform_key=KEY, account_id=ACCOUNT, user_id=USER)
