"""Sandbox sessions start once and end once, and are counted while they run."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tallybook.domain.audit import SESSIONS
from tallybook.domain.errors import Conflict, Forbidden, NotFound
from tallybook.services.accounts.team import delete_user
from tallybook.services.identity.authenticate import authorize_platform
from tallybook.services.metering.sessions import end_expired, end_session, start_session
from tallybook.store.sessions import read_session
from tests.support.allocations import principal_of
from tests.support.app import App
from tests.support.cloud import make_context
from tests.support.invariants import check_invariants
from tests.support.sessions import session_counts, session_request


def test_a_session_is_active_until_it_ends_and_completed_after(app: App) -> None:
    member, key = app.member(), app.platform()
    session = start_session(app.ctx, key, session_request(member))
    assert (session.expires_at - session.started_at).total_seconds() == 3600
    assert session_counts(app, member) == (1, 0)
    app.clock.advance(minutes=5)
    ended = end_session(app.ctx, key, session.id)
    assert ended.ended_at == app.clock.now()
    assert session_counts(app, member) == (0, 1)


def test_a_repeated_end_answers_as_before_and_counts_nothing(app: App) -> None:
    member, key = app.member(), app.platform()
    session = start_session(app.ctx, key, session_request(member))
    first = end_session(app.ctx, key, session.id)
    app.clock.advance(minutes=5)
    assert end_session(app.ctx, key, session.id) == first
    assert session_counts(app, member) == (0, 1)


def test_a_repeated_start_with_the_same_id_answers_as_before(app: App) -> None:
    member, key = app.member(), app.platform()
    first = start_session(app.ctx, key, session_request(member, "mine-1"))
    app.clock.advance(minutes=5)
    assert start_session(app.ctx, key, session_request(member, "mine-1")) == first
    assert session_counts(app, member) == (1, 0)


def test_the_id_of_another_users_session_is_a_conflict(app: App) -> None:
    key = app.platform()
    start_session(app.ctx, key, session_request(app.member(), "mine-1"))
    with pytest.raises(Conflict) as refused:
        start_session(app.ctx, key, session_request(app.member(), "mine-1"))
    assert refused.value.code == "session_exists"
    check_invariants(app)


def test_a_session_that_ends_in_the_next_period_is_counted_there(app: App) -> None:
    member, key = app.member(), app.platform()
    session = start_session(app.ctx, key, session_request(member))
    app.clock.advance(days=31)
    end_session(app.ctx, key, session.id)
    assert session_counts(app, member) == (0, 1)


def test_a_session_for_an_unknown_or_suspended_owner_is_refused(app: App) -> None:
    member, other_member, key = app.member(), app.member(), app.platform()
    for unknown in (
        replace(session_request(member), user_id=other_member.user.id),
        replace(session_request(member), account_id="nobody"),
    ):
        with pytest.raises(NotFound):
            start_session(app.ctx, key, unknown)
    with pytest.raises(NotFound):
        end_session(app.ctx, key, "never-started")
    app.change_account(member, status="suspended")
    with pytest.raises(Forbidden) as refused:
        start_session(app.ctx, key, session_request(member))
    assert refused.value.code == "account_suspended"
    app.change_user(other_member, status="suspended")
    with pytest.raises(Forbidden) as refused:
        start_session(app.ctx, key, session_request(other_member))
    assert refused.value.code == "user_suspended"
    assert not [item for item in app.stored("core") if item["sk"] == "SESSION"]


@pytest.mark.parametrize("whose", ["account", "user"])
def test_a_suspension_during_the_start_refuses_the_session(app: App, whose: str) -> None:
    member, key = app.member(), app.platform()
    suspended: list[bool] = []

    def suspend_first(operation: str, call: Callable[[], Any]) -> Any:
        if operation == "transact_write_items" and not suspended:
            suspended.append(True)
            (app.change_account if whose == "account" else app.change_user)(member, status="suspended")
        return call()

    racing = make_context(app.client, interceptor=suspend_first, clock=app.clock)
    with pytest.raises(Forbidden) as refused:
        start_session(racing, key, session_request(member))
    assert refused.value.code == f"{whose}_suspended"
    assert app.account_of(member).counts.running_count == 0
    check_invariants(app)


def test_an_expired_session_is_ended_as_of_its_expiry(app: App) -> None:
    member, key = app.member(), app.platform()
    session = start_session(app.ctx, key, session_request(member))
    app.clock.moment = session.expires_at - timedelta(milliseconds=1)
    assert end_expired(app.ctx, session.id) is None
    assert session_counts(app, member) == (1, 0)
    app.clock.advance(minutes=3)
    ended = end_expired(app.ctx, session.id)
    assert ended == replace(session, status="ended", ended_at=session.expires_at, ended_by=SESSIONS)
    assert session_counts(app, member) == (0, 1)
    assert end_expired(app.ctx, session.id) is None
    assert end_expired(app.ctx, "never-started") is None
    assert end_session(app.ctx, key, session.id) == ended
    assert session.started_by.kind == "platform"


def test_a_session_ended_after_its_expiry_ends_as_of_its_expiry(app: App) -> None:
    member, key = app.member(), app.platform()
    session = start_session(app.ctx, key, session_request(member))
    app.clock.advance(hours=9)
    assert end_session(app.ctx, key, session.id).ended_at == session.expires_at
    check_invariants(app)


def test_expired_sessions_of_suspended_accounts_and_deleted_users_end(app: App) -> None:
    root, key = app.member(), app.platform()
    ada = app.colleague(root)
    roots_session, adas_session = (start_session(app.ctx, key, session_request(member)) for member in (root, ada))
    delete_user(app.ctx, principal_of(app, root), ada.user.id)
    app.change_account(root, status="suspended")
    end_session(app.ctx, key, roots_session.id)
    app.clock.advance(hours=1)
    assert end_expired(app.ctx, adas_session.id)
    assert session_counts(app, root) == (0, 2)


def test_sessions_of_a_deleted_account_end_without_opening_a_period(app: App) -> None:
    member, key = app.member(), app.platform()
    first, second = (start_session(app.ctx, key, session_request(member)) for _ in range(2))
    app.change_account(member, status="deleted")
    app.clock.advance(days=40)
    opened = len(app.stored("usage"))
    assert end_session(app.ctx, key, first.id).status == "ended"
    assert end_expired(app.ctx, second.id) is not None
    assert app.account_of(member).counts.running_count == 0
    assert len(app.stored("usage")) == opened


def test_a_session_records_who_started_and_who_ended_it(app: App) -> None:
    member, key = app.member(), app.platform()
    start_session(app.ctx, key, session_request(member, "box"))
    ended = end_session(app.ctx, app.platform(), "box")
    assert ended.ended_by is not None
    assert (ended.started_by.kind, ended.ended_by.kind) == ("platform", "platform")
    assert ended.started_by.id != ended.ended_by.id, "the platform used another key"
    (stored,) = app.stored("core", "RUN#")
    assert read_session(stored) == ended


def test_an_end_takes_four_round_trips_even_if_it_opens_the_period(app: App) -> None:
    member, key = app.member(), app.platform()
    session = start_session(app.ctx, key, session_request(member))
    app.clock.advance(days=40)
    authorize_platform(app.ctx, key, "sessions:write")  # which notes the key's use for the next hour
    app.meter.clear()
    end_session(app.ctx, key, session.id)
    assert app.meter.operations == ["get_many", "get", "get", "transact"]
    assert session_counts(app, member) == (0, 1)
