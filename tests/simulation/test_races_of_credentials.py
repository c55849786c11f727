"""Concurrent uses, revocations and resets of keys; a fifth of the writes conflict."""

import pytest

from tallybook.domain.errors import Invalid, Unauthenticated
from tallybook.services.identity.api_keys import list_api_keys, revoke_api_key
from tallybook.services.identity.authenticate import authenticate, reread
from tallybook.services.identity.change_password import set_password
from tallybook.services.identity.platform_keys import (
    CreatedPlatformKey,
    create_platform_key,
    list_platform_keys,
    revoke_platform_key,
)
from tests.support.app import HERE, App
from tests.support.invariants import check_invariants
from tests.support.platform_usage import keys_of_markers, send_usage
from tests.support.race import interleave, race

NEW = "another horse battery"


def new_platform_key(app: App) -> CreatedPlatformKey:
    return create_platform_key(app.ctx, name="metal", scopes=["usage:write"])


def test_a_platform_key_first_used_by_many_at_once_works_for_all(crowded_app: App) -> None:
    app = crowded_app
    created, members = new_platform_key(app), [app.member() for _ in range(6)]
    for hour in range(2):
        now = app.clock.now()
        answers = race(*[lambda m=member: send_usage(app.ctx, created.text, [app.event(m)]) for member in members])
        assert answers == [["accepted"]] * 6, hour
        assert list_platform_keys(app.ctx)[0].last_used_at == now
        app.clock.advance(hours=1)
    check_invariants(app)


def test_keys_revoked_while_many_use_them_stay_revoked(crowded_app: App) -> None:
    app = crowded_app
    created, member = new_platform_key(app), app.member()
    caller = authenticate(app.ctx, member.session)
    (key,) = list_api_keys(app.ctx, caller)
    answers = race(
        *[lambda: send_usage(app.ctx, created.text, [app.event(member)])] * 3,
        *[lambda: authenticate(app.ctx, member.api_key)] * 3,
        lambda: revoke_platform_key(app.ctx, created.key.id),
        lambda: revoke_api_key(app.ctx, reread(app.ctx, caller), key.id),
    )
    refused = [answer for answer in answers if isinstance(answer, Exception)]
    assert not [error for error in refused if not isinstance(error, Unauthenticated)]
    assert not [item for item in app.stored("core") if item["sk"] == "KEY" or item["sk"].startswith("APIKEY#")]
    check_invariants(app)


def test_a_batch_of_a_key_revoked_meanwhile_counts_once_and_names_it(app: App) -> None:
    created, other, member = new_platform_key(app), new_platform_key(app), app.member()
    batch = [app.event(member) for _ in range(120)]
    ctx = interleave(app, "transact_write_items", lambda: revoke_platform_key(app.ctx, created.key.id), call=2)
    assert send_usage(ctx, created.text, batch) == ["accepted"] * 120
    assert keys_of_markers(app) == [created.key.id] * 120
    with pytest.raises(Unauthenticated):
        send_usage(app.ctx, created.text, batch)
    assert send_usage(app.ctx, other.text, batch) == ["duplicate"] * 120
    check_invariants(app)


def test_of_two_resets_with_one_link_the_first_decides_about_the_keys(crowded_app: App) -> None:
    app = crowded_app
    for number in range(4):
        member = app.member()
        token = app.password_token(member.user, "reset")
        ends, keeps = race(
            lambda t=token: set_password(app.ctx, token=t, password=NEW, address=HERE),
            lambda t=token: set_password(app.ctx, token=t, password=NEW, address=HERE, end_api_keys=False),
        )
        assert sorted(isinstance(answer, Invalid) for answer in (ends, keeps)) == [False, True], number
        keys = [row for row in app.stored("core", "APIKEY#") if row["account_id"] == member.account.id]
        assert len(keys) == (1 if keeps is None else 0)
    check_invariants(app)
