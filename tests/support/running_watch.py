"""An interceptor that records how many sessions of an account run after each write."""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from tallybook.domain.quotas import CONCURRENT
from tallybook.gateways.interceptor import Interceptor
from tallybook.services.context import Context
from tallybook.store import keys
from tallybook.store.accounts import read_quota
from tallybook.store.requests import from_dynamodb
from tests.support.app import App, Member
from tests.support.cloud import make_context
from tests.support.faults import Faults


@dataclass(frozen=True, slots=True)
class Moment:
    """The running sessions of an account and its users between two writes; `users` maps an id to (running, limit)."""

    plan: str
    running: int
    users: Mapping[str, tuple[int, int | None]]


class RunningWatch:
    """Lets one write through at a time and reads the account after each."""

    def __init__(self, app: App, interceptor: Interceptor, member: Member) -> None:
        self._client, self._interceptor = app.client, interceptor
        self._account = keys.account(member.account.id)
        self._table = app.names["core"]
        self._lock = threading.Lock()
        self.moments: list[Moment] = [self._read_account()]

    def __call__(self, operation: str, call: Callable[[], Any]) -> Any:
        if operation != "transact_write_items":
            return self._interceptor(operation, call)
        with self._lock:
            try:
                return self._interceptor(operation, call)
            finally:
                self.moments.append(self._read_account())

    def most_at_once(self, plans: Mapping[str, int]) -> int:
        """The most that ran at once. Fails if a start exceeded the plan of that moment or the user's allocation."""
        for before, after in pairwise(self.moments):
            if after.running > before.running:
                assert after.running <= plans[after.plan], "more sessions than the plan allows"
            for user_id, (running, most) in after.users.items():
                if most is not None and running > before.users.get(user_id, (0, None))[0]:
                    assert running <= most, "more sessions than the user's allocation allows"
        return max(moment.running for moment in self.moments)

    def _read_account(self) -> Moment:
        pk = {":pk": {"S": self._account.pk}}
        query = {"TableName": self._table, "KeyConditionExpression": "pk = :pk", "ConsistentRead": True}
        rows = [from_dynamodb(row) for row in self._client.query(**query, ExpressionAttributeValues=pk)["Items"]]
        (account,) = [row for row in rows if row["sk"] == self._account.sk]
        users = [row for row in rows if row["sk"].startswith(keys.USERS)]
        limits = {row["id"]: (int(row["running"]), read_quota(row["quota"]).get(CONCURRENT)) for row in users}
        return Moment(account["plan"], int(account["running"]), limits)


def watch_running(app: App, member: Member) -> tuple[Context, RunningWatch]:
    """A context in which a fifth of the writes conflict, and the interceptor that records what runs."""
    watch = RunningWatch(app, Faults(conflicts=0.2, lost=0.02, seed=11), member)
    return make_context(app.client, interceptor=watch, clock=app.clock, pause=time.sleep), watch
