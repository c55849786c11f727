"""Each function may do what it does, and nothing else: its row in infra/groups.py is what a walk through it calls."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from infra.groups import GROUPS
from tallybook.domain.times import stamp
from tests.support.call import LambdaContext, call
from tests.support.cloud import NAMES, make_context
from tests.support.house import PASSWORD, House

_SINGLE = {"get_item": "GetItem", "put_item": "PutItem", "update_item": "UpdateItem", "delete_item": "DeleteItem"}
_TABLE_OF = {name: table for table, name in NAMES.items()}

type Rights = set[tuple[str, str]]


class Recorder:
    """A DynamoDB client that notes which right each call needs, an action at a time for transactions."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self.rights: Rights = set()

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        def send(**request: Any) -> Any:
            self.rights |= set(_rights_of(operation, request))
            return getattr(self._client, operation)(**request)

        return send


def _rights_of(operation: str, request: dict[str, Any]) -> list[tuple[str, str]]:
    if operation == "batch_get_item":
        return [(_TABLE_OF[name], "BatchGetItem") for name in request["RequestItems"]]
    if operation == "transact_write_items":
        actions = [next(iter(action.items())) for action in request["TransactItems"]]
        return [
            (_TABLE_OF[parameters["TableName"]], verb + ("" if verb.endswith("Item") else "Item"))
            for verb, parameters in actions
        ]
    return [(_TABLE_OF[request["TableName"]], _SINGLE.get(operation, operation.title()))]


def identity(house: House) -> None:
    call("POST", "/auth/register", body={"email": "ada@example.com", "password": PASSWORD})
    session = call("POST", "/auth/login", body={"email": "ada@example.com", "password": PASSWORD}).json["session_token"]
    made = call("POST", "/v1/user-management/api-keys", bearer=session, body={"name": "one"}).json["data"]
    call("GET", "/v1/user-management/api-keys", key=made["api_key"])
    call("DELETE", f"/v1/user-management/api-keys/{made['api_key_id']}", bearer=session)
    call("POST", "/auth/logout", bearer=session)


def accounts(house: House) -> None:
    member = house.member()
    call("GET", "/v1/user-management/plans")
    house.clock.advance(days=31)
    call("GET", "/v1/user-management/account/subscription", key=member.api_key)


def billing(house: House) -> None:
    member = house.member()
    house.clock.advance(days=31)
    call("GET", "/v1/billing/current", key=member.api_key)


def metering(house: House) -> None:
    member, key = house.member(), house.platform_key()
    house.clock.advance(days=31)
    event = house.event(member, meter="credits", quantity=1, user_id=member.user_id)
    call("POST", "/v1/platform/events", key=key, body=event)
    session = {"cpu_cores": 1, "memory_gb": 1, "storage_gb": 1, "timeout_seconds": 60, "session_id": "one"}
    call(
        "POST",
        "/v1/platform/sessions",
        key=key,
        body=session | {"account_id": member.subject, "user_id": member.user_id},
    )
    house.clock.advance(days=31)
    call("POST", "/v1/platform/sessions/one/end", key=key)
    credit = {"account_id": member.subject, "amount": 1, "kind": "grant", "reference": "one"}
    call("POST", "/v1/platform/credits", key=key, body=credit)
    call("POST", "/v1/platform/credits", key=key, body=credit)


def usage_queue(house: House) -> None:
    from tests.support.ndjson import as_json
    from usage_queue.app import handler

    member = house.member()
    house.clock.advance(days=31)
    event = house.event(member, meter="credits", quantity=1, time=stamp(house.clock.now() - timedelta(minutes=1)))
    handler(
        {"Records": [{"messageId": "1", "eventSource": "aws:sqs", "body": as_json(event).decode()}]}, LambdaContext()
    )


WALKS = {walk.__name__: walk for walk in (identity, accounts, billing, metering, usage_queue)}


@pytest.mark.parametrize("group", GROUPS, ids=lambda group: group.name)
def test_a_function_has_the_rights_it_uses_and_no_others(
    house: House, monkeypatch: pytest.MonkeyPatch, group: Any
) -> None:
    from tallybook import runtime

    recorder = Recorder(house.client)
    recorded = make_context(recorder, clock=house.clock)
    recorded.tables.bill.sizes = None
    monkeypatch.setattr(runtime, "context", lambda: recorded)
    WALKS[group.name](house)
    granted = {("core", action) for action in group.core} | {("usage", action) for action in group.usage}
    assert granted - recorder.rights <= _ONLY_ON_REFUSAL.get(group.name, set()), "granted, not used"
    assert recorder.rights - granted == set(), "used, not granted"


# What a lost race alone needs: to read again what somebody else has just written.
_ONLY_ON_REFUSAL: dict[str, Rights] = {
    "billing": {("usage", "GetItem")},
    "usage_queue": {("usage", "GetItem")},
}
