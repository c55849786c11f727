"""Quotas in the tests' house: plans that limit accounts, shares of users, and what the audit log says ran when."""

import threading
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from tallybook.domain.credentials import Principal
from tallybook.domain.quotas import CONCURRENT, Allocation, QuotaRequest
from tallybook.gateways.port import Port
from tallybook.services.authenticate import authenticate
from tallybook.services.quota_allocations import allocate
from tallybook.services.quota_requests import file_request
from tallybook.store import keys
from tallybook.store.commands import from_wire, wire_key
from tests.support.house import HERE, House, Member


def give_limits(house: House, plan: str = "hobby", *, free_plan: str = "hobby", **limits: int) -> None:
    """The plan limits accounts so from now on, in place of what the catalog's file says."""
    plans = house.catalog_data()["plans"]
    plans[plan]["limits"] |= limits
    house.apply_catalog(plans=plans, free_plan=free_plan)


def caller(house: House, member: Member) -> Principal:
    return authenticate(house.ctx, member.session, address=HERE)


def share(house: House, root: Member, user: Member, **quota: int) -> Allocation:
    return allocate(house.ctx, caller(house, root), user.user.id, quota)


def request(house: House, user: Member, **quota: int) -> QuotaRequest:
    return file_request(house.ctx, caller(house, user), quota, reason="It is not enough")


def entries(house: House, account_id: str) -> list[dict[str, Any]]:
    """The account's audit log, oldest first."""
    found = [item for item in house.stored("core", "AUDIT#") if item["pk"] == keys.account(account_id).pk]
    return sorted(found, key=lambda entry: int(entry["number"]))


def actions(house: House, member: Member) -> list[str]:
    """What is on record of quotas and sessions, in order."""
    return [
        one["action"] for one in entries(house, member.account.id) if one["action"].startswith(("quota_", "session"))
    ]


def team(house: House) -> tuple[Member, Member]:
    """A root user and another, of an account with 1,000 CPU seconds; credentials have been used this hour."""
    give_limits(house, cpu_seconds_monthly=1000)
    root = house.member()
    return root, house.colleague(root)


def with_share(house: House) -> tuple[Member, Member, str]:
    root, ada = team(house)
    return root, ada, share(house, root, ada, cpu_seconds_monthly=400, concurrent_sandboxes=2).id


def most_at_once(house: House, member: Member, plans: Mapping[str, int]) -> int:
    """The most that the account ever ran at once, told by its audit log, in which one thing happens after another.

    No start went beyond what the plan then gave the account, or beyond the share that its user then had.
    """
    plan, most = member.account.plan, 0
    shares: dict[str, int | None] = {}
    running: Counter[str] = Counter()
    for entry in entries(house, member.account.id):
        action, before, after = entry["action"], entry["before"], entry["after"]
        user_id = (after or before).get("user_id", "")
        if action == "subscription.changed":
            plan = after["plan_name"]
        elif action.startswith("quota_allocation.") and action != "quota_allocation.reached":
            shares[user_id] = after.get(CONCURRENT) if after.get("status") == "active" else None
        elif action == "session.started":
            running[user_id] += 1
            own = shares.get(user_id)
            assert running.total() <= plans[plan], "more than the plan gives"
            assert own is None or running[user_id] <= own, "more than the user's share"
            most = max(most, running.total())
        elif action.startswith("session."):
            running[user_id] -= 1
    return most


class Watch:
    """A port that looks at an account after each write of anybody's: `most` is the most that it has seen run."""

    def __init__(self, house: House, port: Port, member: Member) -> None:
        self._client, self._port = house.client, port
        self._where = {"TableName": house.names["core"], "Key": wire_key(keys.account(member.account.id))}
        self._lock = threading.Lock()
        self.seen: Counter[int] = Counter()

    def __call__(self, operation: str, call: Callable[[], Any]) -> Any:
        try:
            return self._port(operation, call)
        finally:
            if operation == "transact_write_items":
                answer = self._client.get_item(**self._where, ConsistentRead=True)
                with self._lock:
                    self.seen[int(from_wire(answer["Item"])["running"])] += 1
