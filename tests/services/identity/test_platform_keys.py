"""Platform keys: which ones exist, what each may do, until when, and when it was last used."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from tallybook.domain.credentials import MAX_PLATFORM_KEYS, PlatformCaller
from tallybook.domain.errors import Conflict, Forbidden, Invalid, NotFound, Unauthenticated
from tallybook.services.identity.authenticate import authorize_platform
from tallybook.services.identity.platform_keys import (
    CreatedPlatformKey,
    create_platform_key,
    list_platform_keys,
    revoke_platform_key,
)
from tallybook.services.metering.sessions import end_session, start_session
from tallybook.store import keys
from tallybook.store.commands import Delete, Put
from tests.support.app import HERE, App
from tests.support.cloud import make_context
from tests.support.faults import throttle
from tests.support.invariants import check_invariants
from tests.support.sessions import session_request


def create(app: App, **settings: Any) -> CreatedPlatformKey:
    return create_platform_key(app.ctx, **({"name": "metal", "scopes": ["usage:write"]} | settings))


def use(app: App, text: str) -> Any:
    return authorize_platform(app.ctx, PlatformCaller(text, HERE), "usage:write")[0]


def last_entry(app: App) -> dict[str, Any]:
    entries = [item for item in app.stored("core") if item["pk"] == keys.operator_audit(app.ctx.clock.now(), "").pk]
    return max(entries, key=lambda item: str(item["sk"]))


def test_keys_are_listed_newest_first_until_they_are_revoked(app: App) -> None:
    first = create(app, name="first").key
    app.clock.advance(minutes=1)
    until = app.clock.now() + timedelta(days=1)
    second = create(app, name="second", expires_at=until, source_prefix="host-1/").key
    assert list_platform_keys(app.ctx) == [second, first]
    assert revoke_platform_key(app.ctx, first.id) == first
    assert list_platform_keys(app.ctx) == [second]
    check_invariants(app)


def test_a_list_of_many_keys_takes_two_round_trips(app: App) -> None:
    for _ in range(5):
        create(app)
    app.meter.clear()
    assert len(list_platform_keys(app.ctx)) == 5
    assert app.meter.operations == ["get", "get_many"]


def test_keys_stored_before_there_was_a_list_are_listed(app: App) -> None:
    old = store_as_before(app, create(app))
    assert list_platform_keys(app.ctx) == [old.key]
    app.clock.advance(minutes=1)
    new = create(app)
    assert list_platform_keys(app.ctx) == [new.key, old.key]
    revoke_platform_key(app.ctx, old.key.id)
    assert list_platform_keys(app.ctx) == [new.key]
    check_invariants(app)


def test_a_key_stored_before_works_and_may_send_from_any_source(app: App) -> None:
    old = store_as_before(app, create(app))
    key = use(app, old.text)
    assert (key.expires_at, key.last_used_at, key.source_prefix) == (None, None, None)
    assert key.may_send_from("anywhere")


def store_as_before(app: App, created: CreatedPlatformKey) -> CreatedPlatformKey:
    """The key as it was stored before keys were listed, with its audit entry."""
    key = created.key
    names = ("id", "name", "scopes", "secret_hash", "created_at")
    item = app.ctx.tables.get(keys.platform_key(key.id))
    assert item is not None
    old = Put(keys.platform_key(key.id), {name: item[name] for name in names}, condition=None)
    app.ctx.tables.transact([old, Delete(keys.platform_keys())])
    return created


def test_a_revoked_key_is_invalid_at_once(app: App) -> None:
    created = create(app)
    assert use(app, created.text).id == created.key.id
    revoke_platform_key(app.ctx, created.key.id)
    with pytest.raises(Unauthenticated):
        use(app, created.text)
    with pytest.raises(NotFound):
        revoke_platform_key(app.ctx, created.key.id)


def test_a_key_revoked_after_it_was_read_is_invalid_and_stays_deleted(app: App) -> None:
    created = create(app)

    def revoked_first(operation: str, call: Callable[[], Any]) -> Any:
        if operation == "update_item":
            revoke_platform_key(app.ctx, created.key.id)
        return call()

    ctx = make_context(app.client, interceptor=revoked_first, clock=app.clock)
    with pytest.raises(Unauthenticated):
        authorize_platform(ctx, PlatformCaller(created.text), "usage:write")
    assert app.ctx.tables.get(keys.platform_key(created.key.id)) is None


def test_an_expired_key_gets_the_answer_of_an_unknown_one(app: App) -> None:
    created = create(app, expires_at=app.clock.now() + timedelta(hours=1))
    app.clock.advance(minutes=59, seconds=59)
    assert use(app, created.text).id == created.key.id
    app.clock.advance(seconds=1)
    answers = set()
    for text in (created.text, created.text[:-6] + "AAAAAA"):
        with pytest.raises(Unauthenticated) as refused:
            use(app, text)
        answers.add((refused.value.code, refused.value.message))
    assert answers == {("unauthorized", "A valid credential is required")}


def test_the_last_use_is_stored_once_an_hour_and_costs_nothing_between(app: App) -> None:
    created = create(app)
    operations = []
    for minutes in (0, 10, 49, 1):
        app.clock.advance(minutes=minutes)
        app.meter.clear()
        use(app, created.text)
        operations.append(list(app.meter.operations))
    assert operations == [["get_many", "update"], ["get_many"], ["get_many"], ["get_many", "update"]]
    assert list_platform_keys(app.ctx)[0].last_used_at == app.clock.now()


def test_a_key_without_the_scope_is_noted_as_used(app: App) -> None:
    created = create(app, scopes=["sessions:write"])
    with pytest.raises(Forbidden):
        use(app, created.text)
    assert list_platform_keys(app.ctx)[0].last_used_at == app.clock.now()


def test_a_wrong_secret_is_not_noted_as_use(app: App) -> None:
    created = create(app)
    with pytest.raises(Unauthenticated):
        use(app, created.text[:-6] + "AAAAAA")
    assert list_platform_keys(app.ctx)[0].last_used_at is None


def test_a_failure_to_store_the_last_use_does_not_refuse_the_key(app: App) -> None:
    def throttled(operation: str, call: Callable[[], Any]) -> Any:
        if operation == "update_item":
            raise throttle(operation)
        return call()

    ctx = make_context(app.client, interceptor=throttled, clock=app.clock)
    assert authorize_platform(ctx, PlatformCaller(create(app).text), "usage:write")


def test_creation_and_revocation_are_in_the_operators_audit_log(app: App) -> None:
    app.clock.advance(minutes=1)
    key = create(app, expires_at=app.clock.now() + timedelta(days=1), source_prefix="host-1/").key
    facts = {
        "name": "metal",
        "scopes": ["usage:write"],
        "expires_at": "2026-04-21T12:35:56.000Z",
        "source_prefix": "host-1/",
    }
    created = last_entry(app)
    assert (created["action"], created["target"]) == ("platform_key.created", f"plk-{key.id}")
    assert (created["before"], created["after"]) == ({}, facts)
    app.clock.advance(minutes=1)
    revoke_platform_key(app.ctx, key.id)
    revoked = last_entry(app)
    assert (revoked["by"], revoked["action"], revoked["target"]) == (
        "operator",
        "platform_key.revoked",
        f"plk-{key.id}",
    )
    assert (revoked["before"], revoked["after"]) == (facts, {})


def test_a_session_names_the_keys_that_started_and_ended_it(app: App) -> None:
    one, other = (create(app, scopes=["sessions:write"]) for _ in range(2))
    session = start_session(app.ctx, PlatformCaller(one.text, HERE), session_request(app.member()))
    ended = end_session(app.ctx, PlatformCaller(other.text, HERE), session.id)
    assert ended.ended_by
    assert (ended.started_by.id, ended.ended_by.id) == (f"plk-{one.key.id}", f"plk-{other.key.id}")


@pytest.mark.parametrize(
    ("settings", "field"),
    [
        ({"name": ""}, "name"),
        ({"scopes": []}, "scopes"),
        ({"expires_at": timedelta(0)}, "expires_at"),
        ({"source_prefix": ""}, "source_prefix"),
        ({"source_prefix": "x" * 257}, "source_prefix"),
        ({"source_prefix": "line\nbreak"}, "source_prefix"),
        ({"source_prefix": "\udcff"}, "source_prefix"),
    ],
    ids=str,
)
def test_an_invalid_setting_is_refused_and_nothing_is_stored(app: App, settings: dict[str, Any], field: str) -> None:
    before = app.stored("core")
    now = app.clock.now()
    with pytest.raises(Invalid) as refused:
        create(app, **{name: now + each if isinstance(each, timedelta) else each for name, each in settings.items()})
    assert refused.value.field == field
    assert app.stored("core") == before


def test_there_are_at_most_a_thousand_keys(app: App) -> None:
    last = create(app)
    others = [str(number) for number in range(MAX_PLATFORM_KEYS - 1)]
    app.ctx.tables.write(Put(keys.platform_keys(), {"key_ids": [last.key.id, *others]}, condition=None))
    with pytest.raises(Conflict) as refused:
        create(app)
    assert refused.value.code == "too_many_keys"
    revoke_platform_key(app.ctx, last.key.id)
    assert create(app)
