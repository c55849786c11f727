"""Sessions as items: stored once, due while they run, and counted up to the limits of account and user."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tallybook.domain.accounts import Account, User
from tallybook.store import accounts, keys, sessions, users
from tallybook.store.conflicts import WriteConflict
from tallybook.store.table import Due, Tables
from tests.store.samples import (
    ACCOUNT,
    ENDED,
    NOW,
    SESSION,
    USER,
)


def test_a_session_reads_back_running_and_ended(tables: Tables) -> None:
    """Both items: by its id, and among its account's sessions."""
    both = (keys.session("x"), keys.run("a", NOW, "x"))
    tables.transact(sessions.put_session(SESSION))
    assert [sessions.read_session(item) for item in tables.get_many(both).values()] == [SESSION, SESSION]
    tables.transact(sessions.end_session(ENDED))
    assert [sessions.read_session(item) for item in tables.get_many(both).values()] == [ENDED, ENDED]


def test_a_running_session_is_due_at_its_expiry_and_an_ended_one_never(tables: Tables) -> None:
    own, due = replace(SESSION, account_id="1"), f"{sessions.RUNNING}#1"
    tables.transact(sessions.put_session(own))
    assert list(tables.query_due(due, until="2026-04-20T13:34:56.788Z")) == []
    assert list(tables.query_due(due)) == [Due(keys.run("1", NOW, "x"), "2026-04-20T13:34:56.789Z")]
    tables.transact(sessions.end_session(replace(ENDED, account_id="1")))
    assert list(tables.query_due(due)) == []


def test_an_accounts_sessions_are_found_by_start_both_ends_included(tables: Tables) -> None:
    starts = [NOW + timedelta(hours=hours) for hours in (0, 1, 2, 3)]
    for number, start in enumerate(starts):
        tables.transact(sessions.put_session(replace(SESSION, id=f"x{number}", started_at=start)))
    pk, first, last = sessions.runs_range("a", starts[1], starts[2])
    found = [sessions.read_session(item).id for item in tables.query("core", pk, start=first, end=last)]
    assert found == ["x1", "x2"]


def test_a_session_ends_once(tables: Tables) -> None:
    tables.transact(sessions.put_session(SESSION))
    tables.transact(sessions.end_session(ENDED))
    for command in sessions.end_session(ENDED):
        with pytest.raises(WriteConflict):
            tables.write(command)


def test_running_sessions_are_counted_on_account_and_user(tables: Tables) -> None:
    tables.transact([accounts.put_account(ACCOUNT), users.put_user(USER)])
    start = sessions.count_started(ACCOUNT, USER, most=None)
    for commands, running in ((start, 1), (start, 2), (sessions.count_ended(account_id="a", user_id="u"), 1)):
        tables.transact(commands)
        found = tables.get_many([keys.account("a"), keys.user("a", "u")])
        assert {item["running"] for item in found.values()} == {running}


@pytest.mark.parametrize(
    ("account", "user", "most"),
    [
        (replace(ACCOUNT, counts=ACCOUNT.counts._replace(running_count=2)), USER, 2),
        (ACCOUNT, replace(USER, running_count=2, quota={"concurrent_sandboxes": 2}), None),
        (ACCOUNT, replace(USER, quota={"concurrent_sandboxes": 0}), None),
        (ACCOUNT, USER, 0),
        (replace(ACCOUNT, status="suspended"), USER, None),
        (ACCOUNT, replace(USER, status="suspended"), None),
        (ACCOUNT, replace(USER, status="deleted"), None),
    ],
)
def test_no_session_is_counted_at_a_limit_or_for_an_inactive_owner(
    tables: Tables, account: Account, user: User, most: int | None
) -> None:
    tables.transact([accounts.put_account(account), users.put_user(user)])
    with pytest.raises(WriteConflict) as refused:
        tables.transact(sessions.count_started(account, user, most=most))
    assert len(refused.value.failures) == 1


def test_a_session_is_counted_only_if_its_users_quota_is_as_read(tables: Tables) -> None:
    own = replace(USER, running_count=1, quota={"concurrent_sandboxes": 2})
    tables.transact(
        [
            accounts.put_account(replace(ACCOUNT, counts=ACCOUNT.counts._replace(running_count=1))),
            users.put_user(own),
        ]
    )
    for other in (USER, replace(own, quota={"concurrent_sandboxes": 9})):
        with pytest.raises(WriteConflict):
            tables.transact(sessions.count_started(ACCOUNT, other, most=2))
    tables.transact(sessions.count_started(ACCOUNT, own, most=2))
    with pytest.raises(WriteConflict):
        tables.transact(sessions.count_started(ACCOUNT, own, most=2))
