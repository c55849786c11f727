"""A function's rights in its row of infra/groups.py are exactly those that the walk through it uses."""

from collections.abc import Callable
from fnmatch import fnmatchcase
from typing import Any

import pytest

from infra.groups import GROUPS, OPERATOR_ITEMS, PLATFORM_KEYS
from tests.functions.walks import WALKS
from tests.support.app import App
from tests.support.cloud import NAMES, make_context
from tests.support.fake_aws import FakeAws

_SINGLE = {"get_item": "GetItem", "put_item": "PutItem", "update_item": "UpdateItem", "delete_item": "DeleteItem"}
_TABLE_OF = {name: table for table, name in NAMES.items()}

type Rights = set[tuple[str, str]]


class Recorder:
    """A DynamoDB client that records which right each call needs, and each action of a transaction."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self.rights: Rights = set()
        self.denied: list[str] = []

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        def send(**request: Any) -> Any:
            self.rights |= set(_rights_of(operation, request))
            self.denied += _denied_writes(operation, request)
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
    index = f" on {request['IndexName']}" if "IndexName" in request else ""
    return [(_TABLE_OF[request["TableName"]], _SINGLE.get(operation, operation.title()) + index)]


def _denied_writes(operation: str, request: dict[str, Any]) -> list[str]:
    """The partitions of the request's writes that only the operator writes, except notes of a key's use."""
    actions = [next(iter(each.values())) for each in request.get("TransactItems", [])] or [request]
    return [pk for action in actions if (pk := _written(operation, action)) and _is_denied(pk, action)]


def _written(operation: str, action: dict[str, Any]) -> str | None:
    """The partition that the action writes or checks."""
    if operation in {"get_item", "batch_get_item", "query"}:
        return None
    return str((action.get("Key") or action["Item"])["pk"]["S"])


def _is_denied(pk: str, action: dict[str, Any]) -> bool:
    notes_use = "Key" in action and set(action.get("ExpressionAttributeNames", {}).values()) == {"pk", "last_used_at"}
    may_note = notes_use and fnmatchcase(pk, PLATFORM_KEYS)
    return any(fnmatchcase(pk, pattern) for pattern in OPERATOR_ITEMS) and not may_note


@pytest.mark.parametrize("group", GROUPS, ids=lambda group: group.name)
def test_a_function_has_the_rights_it_uses_and_no_others(
    app: App, fake_aws: FakeAws, monkeypatch: pytest.MonkeyPatch, group: Any
) -> None:
    from tallybook import runtime

    recorder = Recorder(app.client)
    recorded = make_context(recorder, clock=app.clock)
    recorded.tables.observer = None
    monkeypatch.setattr(runtime, "context", lambda: recorded)
    WALKS[group.name](app, fake_aws)
    granted = {("core", action) for action in group.core} | {("usage", action) for action in group.usage}
    granted |= {("core", "Query on work")} if group.work else set()
    assert granted - recorder.rights <= _ONLY_ON_CONFLICT.get(group.name, set()), "granted but not used"
    assert recorder.rights - granted == set(), "used but not granted"
    assert recorder.denied == []


# Needed only after a write conflict, to read what another call has written.
_ONLY_ON_CONFLICT: dict[str, Rights] = {
    "billing": {("usage", "GetItem")},
    "usage_queue": {("usage", "GetItem")},
}
