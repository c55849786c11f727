"""Quotas in the tests' house: plans that limit accounts, shares of users, and a watch on what runs."""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from tallybook.domain.credentials import Principal
from tallybook.domain.quotas import CONCURRENT, Allocation, QuotaRequest
from tallybook.gateways.interceptor import Interceptor
from tallybook.services.context import Context
from tallybook.services.identity.authenticate import authenticate
from tallybook.services.quotas.allocations import allocate
from tallybook.services.quotas.requests import file_request
from tallybook.store import keys
from tallybook.store.accounts import read_quota
from tallybook.store.requests import from_dynamodb
from tests.support.app import HERE, App, Member
from tests.support.cloud import make_context
from tests.support.faults import Faults


def give_limits(app: App, plan: str = "hobby", *, free_plan: str = "hobby", **limits: int) -> None:
    """The plan limits accounts so from now on, in place of what the catalog's file says."""
    plans = app.catalog_data()["plans"]
    plans[plan]["limits"] |= limits
    app.apply_catalog(plans=plans, free_plan=free_plan)


def principal_of(app: App, member: Member) -> Principal:
    return authenticate(app.ctx, member.session, address=HERE)


def share(app: App, root: Member, user: Member, **quota: int) -> Allocation:
    return allocate(app.ctx, principal_of(app, root), user.user.id, quota)


def request(app: App, user: Member, **quota: int) -> QuotaRequest:
    return file_request(app.ctx, principal_of(app, user), quota, reason="It is not enough")


def entries(app: App, account_id: str) -> list[dict[str, Any]]:
    """The account's audit log, oldest first."""
    found = [item for item in app.stored("core", "AUDIT#") if item["pk"] == keys.account(account_id).pk]
    return sorted(found, key=lambda entry: int(entry["number"]))


def actions(app: App, member: Member) -> list[str]:
    """What is on record of quotas and sessions, in order."""
    return [one["action"] for one in entries(app, member.account.id) if one["action"].startswith(("quota_", "session"))]


def team(app: App) -> tuple[Member, Member]:
    """A root user and another, of an account with 1,000 CPU seconds; credentials have been used this hour."""
    give_limits(app, cpu_seconds_monthly=1000)
    root = app.member()
    return root, app.colleague(root)


def with_share(app: App) -> tuple[Member, Member, str]:
    root, ada = team(app)
    return root, ada, share(app, root, ada, cpu_seconds_monthly=400, concurrent_sandboxes=2).id


@dataclass(frozen=True, slots=True)
class Moment:
    """What an account and its users ran between two writes, with what they might."""

    plan: str
    running: int
    users: Mapping[str, tuple[int, int | None]]


class Watch:
    """An interceptor that lets one write in after the other and notes how the account stands after each."""

    def __init__(self, app: App, interceptor: Interceptor, member: Member) -> None:
        self._client, self._interceptor = app.client, interceptor
        self._account = keys.account(member.account.id)
        self._table = app.names["core"]
        self._lock = threading.Lock()
        self.moments: list[Moment] = [self._look()]

    def __call__(self, operation: str, call: Callable[[], Any]) -> Any:
        if operation != "transact_write_items":
            return self._interceptor(operation, call)
        with self._lock:
            try:
                return self._interceptor(operation, call)
            finally:
                self.moments.append(self._look())

    def most_at_once(self, plans: Mapping[str, int]) -> int:
        """The most that ever ran; no start went beyond what the plan then gave, or beyond the user's share."""
        for before, after in pairwise(self.moments):
            if after.running > before.running:
                assert after.running <= plans[after.plan], "more than the plan gives"
            for user_id, (running, most) in after.users.items():
                if most is not None and running > before.users.get(user_id, (0, None))[0]:
                    assert running <= most, "more than the user's share"
        return max(moment.running for moment in self.moments)

    def _look(self) -> Moment:
        pk = {":pk": {"S": self._account.pk}}
        query = {"TableName": self._table, "KeyConditionExpression": "pk = :pk", "ConsistentRead": True}
        rows = [from_dynamodb(row) for row in self._client.query(**query, ExpressionAttributeValues=pk)["Items"]]
        (account,) = [row for row in rows if row["sk"] == self._account.sk]
        users = [row for row in rows if row["sk"].startswith(keys.USERS)]
        shares = {row["id"]: (int(row["running"]), read_quota(row["quota"]).get(CONCURRENT)) for row in users}
        return Moment(account["plan"], int(account["running"]), shares)


def watched(app: App, member: Member) -> tuple[Context, Watch]:
    """A context of the house with a fifth of writes conflicting, and the interceptor that watches it."""
    watch = Watch(app, Faults(conflicts=0.2, lost=0.02, seed=11), member)
    return make_context(app.client, interceptor=watch, clock=app.clock, pause=time.sleep), watch
