"""Authentication takes one round trip and does not reveal why it fails."""

from collections.abc import Callable
from typing import Any

import pytest

from tallybook.domain.credentials import PREFIXES, PlatformCaller, format_platform_key, parse_platform_key
from tallybook.domain.errors import Forbidden, TallybookError, Unauthenticated
from tallybook.services.identity.api_keys import create_api_key, list_api_keys, revoke_api_key
from tallybook.services.identity.authenticate import authenticate, authorize_platform
from tallybook.store import keys
from tallybook.store.commands import Delete
from tests.support.app import App
from tests.support.cloud import make_context
from tests.support.faults import Faults, lost_answer, throttle


def error_of(app: App, text: str) -> tuple[str, str]:
    with pytest.raises(TallybookError) as refused:
        authenticate(app.ctx, text)
    return refused.value.code, refused.value.message


def test_a_key_and_a_session_give_the_same_user_in_one_round_trip(app: App) -> None:
    member = app.member()
    authenticate(app.ctx, member.api_key)
    for text in (member.api_key, member.session):
        app.meter.clear()
        principal_of = authenticate(app.ctx, text)
        assert (principal_of.user.id, principal_of.account.id) == (member.user.id, member.account.id)
        assert (app.meter.calls, app.meter.read_units) == (1, 3)


def test_every_invalid_credential_gets_the_same_error(app: App) -> None:
    member = app.member()
    other_secret = member.api_key[:-3] + ("AAA" if not member.api_key.endswith("AAA") else "BBB")
    answers = {
        error_of(app, text)
        for text in (
            other_secret,
            "",
            "sk-",
            "sk-nonsense",
            "sk-" + "A" * 107,
            member.api_key.removeprefix("sk-"),
            member.api_key.replace("sk-", PREFIXES["session"]),
            member.api_key + "A",
            app.platform_key(),
            "sk-" + "é" * 107,
        )
    }
    assert answers == {("unauthorized", "A valid credential is required")}


@pytest.mark.parametrize("status", ["suspended", "disabled"])
def test_a_suspended_or_disabled_user_is_refused_with_the_reason(app: App, status: str) -> None:
    member = app.member()
    app.change_user(member, status=status)
    with pytest.raises(Forbidden) as refused:
        authenticate(app.ctx, member.api_key)
    assert refused.value.code == f"user_{status}"


def test_credentials_of_deleted_users_and_accounts_are_invalid_at_once(app: App) -> None:
    one, other = app.member(), app.member()
    app.change_user(one, status="deleted")
    app.change_account(other, status="deleted")
    assert error_of(app, one.api_key)[0] == error_of(app, other.session)[0] == "unauthorized"


def test_a_suspended_account_may_read_but_not_create_a_key(app: App) -> None:
    member = app.member()
    app.change_account(member, status="suspended")
    principal_of = authenticate(app.ctx, member.api_key)
    with pytest.raises(Forbidden) as refused:
        create_api_key(app.ctx, principal_of, name="another")
    assert refused.value.code == "account_suspended"


def test_the_last_use_of_a_key_is_stored_once_an_hour(app: App) -> None:
    member = app.member()
    writes = []
    for minutes in (0, 10, 49, 1):
        app.clock.advance(minutes=minutes)
        app.meter.clear()
        authenticate(app.ctx, member.api_key)
        writes.append(app.meter.operations.count("update"))
    assert writes == [1, 0, 0, 1]
    principal_of = authenticate(app.ctx, member.session)
    assert list_api_keys(app.ctx, principal_of)[0].last_used_at == app.clock.now()


def test_a_revoked_key_is_invalid_at_once(app: App) -> None:
    member = app.member()
    principal_of = authenticate(app.ctx, member.session)
    revoke_api_key(app.ctx, principal_of, list_api_keys(app.ctx, principal_of)[0].id)
    assert error_of(app, member.api_key)[0] == "unauthorized"


def test_a_platform_key_and_other_items_are_read_in_one_round_trip(app: App) -> None:
    principal = app.platform("usage:write")
    app.meter.clear()
    key, items = authorize_platform(app.ctx, principal, "usage:write")
    assert (key.scopes, items, app.meter.calls) == (("usage:write",), {}, 1)
    with pytest.raises(Forbidden) as refused:
        authorize_platform(app.ctx, principal, "accounts:admin")
    assert refused.value.code == "missing_scope"
    with pytest.raises(Unauthenticated):
        authorize_platform(app.ctx, PlatformCaller(app.member().api_key), "usage:write")


@pytest.mark.parametrize(("others", "units"), [(0, 1), (10, 11), (11, 1), (99, 1), (1000, 1)])
def test_a_made_up_platform_key_reads_few_items_or_only_itself(app: App, others: int, units: int) -> None:
    valid = app.platform("usage:write")
    authorize_platform(app.ctx, valid, "usage:write")
    known_id = PlatformCaller(valid.text[:-6] + "AAAAAA")
    unknown_id = PlatformCaller(format_platform_key(key_id=app.ctx.new_id(app.clock.now()), secret=bytes(32)))
    accounts = [keys.account(f"A{number}") for number in range(others)]
    for made_up in (known_id, unknown_id):
        app.meter.clear()
        with pytest.raises(Unauthenticated):
            authorize_platform(app.ctx, made_up, "usage:write", also=accounts)
        assert (app.meter.calls, app.meter.read_units) == (1, units)


def test_before_many_items_a_platform_key_is_read_alone_once_in_a_process(app: App) -> None:
    platform, accounts = app.platform("usage:write"), [keys.account(f"A{number}") for number in range(99)]
    calls = []
    for _ in range(3):
        app.meter.clear()
        authorize_platform(app.ctx, platform, "usage:write", also=accounts)
        calls.append((app.meter.calls, app.meter.read_units))
    assert calls == [(2, 100), (1, 100), (1, 100)]


def test_a_revoked_platform_key_is_refused_at_once_and_then_reads_only_itself(app: App) -> None:
    platform, accounts = app.platform("usage:write"), [keys.account(f"A{number}") for number in range(99)]
    authorize_platform(app.ctx, platform, "usage:write")
    app.ctx.tables.write(Delete(keys.platform_key(parse_platform_key(platform.text))))
    units = []
    for _ in range(3):
        app.meter.clear()
        with pytest.raises(Unauthenticated):
            authorize_platform(app.ctx, platform, "usage:write", also=accounts)
        units.append(app.meter.read_units)
    assert units == [100, 1, 1]


def test_no_text_of_a_platform_key_is_kept_in_the_process(app: App) -> None:
    platform = app.platform("usage:write")
    authorize_platform(app.ctx, platform, "usage:write")
    assert len(app.ctx.verified_platform_keys) == 1
    assert platform.text not in repr(app.ctx.verified_platform_keys)


def test_a_failure_to_store_the_last_use_does_not_refuse_the_key(app: App) -> None:
    member = app.member()

    def throttled(operation: str, call: Callable[[], Any]) -> Any:
        if operation == "update_item":
            raise throttle(operation)
        return call()

    assert authenticate(make_context(app.client, interceptor=throttled, clock=app.clock), member.api_key)


def test_a_revocation_with_a_lost_answer_succeeds(crowded_app: App) -> None:
    app, member = crowded_app, crowded_app.member()
    principal_of = authenticate(app.ctx, member.session)
    key_id = list_api_keys(app.ctx, principal_of)[0].id
    lost_calls = make_context(app.client, interceptor=Faults().fail_nth(2, "after", lost_answer), clock=app.clock)
    revoke_api_key(lost_calls, principal_of, key_id)
    assert list_api_keys(app.ctx, principal_of) == []
