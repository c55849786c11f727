"""Authentication takes one round trip and does not reveal why it fails."""

from collections.abc import Callable
from typing import Any

import pytest

from tallybook.domain.credentials import PREFIXES, PlatformCaller
from tallybook.domain.errors import Forbidden, TallybookError, Unauthenticated
from tallybook.services.identity.api_keys import create_api_key, list_api_keys, revoke_api_key
from tallybook.services.identity.authenticate import authenticate, authorize_platform
from tallybook.store import keys
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


def test_a_made_up_platform_key_reads_no_more_than_one_batch(app: App) -> None:
    made_up = PlatformCaller(app.platform_key()[:-6] + "AAAAAA")
    accounts = [keys.account(f"A{number}") for number in range(1000)]
    app.meter.clear()
    with pytest.raises(Unauthenticated):
        authorize_platform(app.ctx, made_up, "usage:write", also=accounts)
    assert (app.meter.calls, app.meter.read_units) == (1, 100)


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
