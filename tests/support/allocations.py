"""Accounts with plan limits, and allocations and quota requests of their users."""

from collections.abc import Callable
from typing import Any

import pytest

from tallybook.domain.accounts import User
from tallybook.domain.credentials import Principal
from tallybook.domain.errors import Invalid
from tallybook.domain.quotas import Allocation, QuotaRequest
from tallybook.services.identity.authenticate import authenticate
from tallybook.services.quotas.allocations import allocate
from tallybook.services.quotas.requests import file_request
from tallybook.store import keys
from tallybook.store.users import read_user
from tests.support.app import HERE, App, Member


def set_plan_limits(app: App, plan: str = "hobby", *, free_plan: str = "hobby", **limits: int) -> None:
    """Apply a catalog in which the plan has these limits."""
    plans = app.catalog_data()["plans"]
    plans[plan]["limits"] |= limits
    app.apply_catalog(plans=plans, free_plan=free_plan)


def principal_of(app: App, member: Member) -> Principal:
    return authenticate(app.ctx, member.session, address=HERE)


def allocate_to(app: App, root: Member, user: Member, **quota: int) -> Allocation:
    return allocate(app.ctx, principal_of(app, root), user.user.id, quota)


def request_quota(app: App, user: Member, **quota: int) -> QuotaRequest:
    return file_request(app.ctx, principal_of(app, user), quota, reason="It is not enough")


def audit_entries(app: App, account_id: str) -> list[dict[str, Any]]:
    """The account's audit log, oldest first."""
    found = [item for item in app.stored("core", "AUDIT#") if item["pk"] == keys.account(account_id).pk]
    return sorted(found, key=lambda entry: int(entry["number"]))


def quota_actions(app: App, member: Member) -> list[str]:
    """The audit log's actions of quotas and sessions, oldest first."""
    return [
        one["action"]
        for one in audit_entries(app, member.account.id)
        if one["action"].startswith(("quota_", "session"))
    ]


def create_team(app: App) -> tuple[Member, Member]:
    """A root user and a colleague; their plan gives 1,000 CPU seconds. Their credentials have been used this hour."""
    set_plan_limits(app, cpu_seconds_monthly=1000)
    root = app.member()
    return root, app.colleague(root)


def create_team_with_allocation(app: App) -> tuple[Member, Member, str]:
    root, ada = create_team(app)
    return root, ada, allocate_to(app, root, ada, cpu_seconds_monthly=400, concurrent_sandboxes=2).id


def read_user_of(app: App, member: Member) -> User:
    return read_user(app.ctx.tables.get(keys.user(member.account.id, member.user.id)) or {})


def catch_invalid(call: Callable[[], Any]) -> tuple[str, str | None]:
    """Code and field of the `Invalid` that the call raises."""
    with pytest.raises(Invalid) as refusal:
        call()
    return refusal.value.code, refusal.value.field
