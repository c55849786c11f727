"""Allocations and quota requests read back, and change only if they are as they were read."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tallybook.domain.accounts import Account, User
from tallybook.domain.quotas import Allocation, QuotaRequest
from tallybook.store import accounts, keys, quotas, users
from tallybook.store.commands import Command, Put
from tallybook.store.conflicts import WriteConflict
from tallybook.store.table import Tables
from tests.store.samples import ACCOUNT, USER, write_and_read

NOW = datetime(2026, 4, 20, 12, 34, 56, tzinfo=UTC)
ALLOCATION = Allocation(
    id="q",
    account_id="a",
    user_id="u",
    allocated_by="r",
    quota={"cpu_seconds_monthly": 10**15, "concurrent_sandboxes": 0},
    created_at=NOW,
    updated_at=NOW,
)
NOTIFIED = replace(ALLOCATION, notified={"2026-04-01T00:00:00.000Z": {"cpu_seconds_monthly": 80}})
REVOKED = replace(NOTIFIED, status="revoked", quota={}, updated_at=NOW + timedelta(hours=1))
REQUEST = QuotaRequest(
    id="r", account_id="a", user_id="u", quota={"ram_gb_seconds": 7}, reason="It is not enough", created_at=NOW
)
DENIED = replace(REQUEST, status="denied", review_notes="", reviewed_by="b", reviewed_at=NOW + timedelta(hours=1))
ALLOCATED_USER = replace(USER, allocation_id="q", quota=ALLOCATION.quota)


def conflicts(tables: Tables, command: Command) -> bool:
    """Write the command, or return True if it conflicts."""
    try:
        tables.transact([command])
    except WriteConflict:
        return True
    return False


def overwrite(tables: Tables, put: Put) -> None:
    tables.write(replace(put, condition=None))


@pytest.mark.parametrize("allocation", [ALLOCATION, NOTIFIED, REVOKED])
def test_an_allocation_reads_back(tables: Tables, allocation: Allocation) -> None:
    assert quotas.read_allocation(write_and_read(tables, quotas.put_allocation(allocation))) == allocation


@pytest.mark.parametrize("request_", [REQUEST, DENIED])
def test_a_request_reads_back(tables: Tables, request_: QuotaRequest) -> None:
    assert quotas.read_request(write_and_read(tables, quotas.put_request(request_))) == request_


def test_a_changed_allocation_reads_back_with_its_notifications(tables: Tables) -> None:
    tables.write(quotas.put_allocation(NOTIFIED))
    tables.write(quotas.set_allocation(NOTIFIED.user_allocation, quota={}, status="revoked", at=REVOKED.updated_at))
    assert quotas.read_allocation(tables.get(keys.allocation("a", "q")) or {}) == REVOKED


@pytest.mark.parametrize("other", [replace(ALLOCATION, quota={}), replace(ALLOCATION, status="revoked")])
def test_an_allocation_changed_since_its_read_is_not_written(tables: Tables, other: Allocation) -> None:
    tables.write(quotas.put_allocation(other))
    assert conflicts(tables, quotas.set_allocation(ALLOCATION.user_allocation, quota={}, status="active", at=NOW))
    assert conflicts(tables, quotas.set_notified(ALLOCATION, NOTIFIED))
    assert conflicts(tables, quotas.delete_allocation(ALLOCATION))
    assert quotas.read_allocation(tables.get(keys.allocation("a", "q")) or {}) == other


def test_a_notification_is_written_once(tables: Tables) -> None:
    tables.write(quotas.put_allocation(ALLOCATION))
    assert [conflicts(tables, quotas.set_notified(ALLOCATION, NOTIFIED)) for _ in range(2)] == [False, True]
    assert not conflicts(tables, quotas.delete_allocation(ALLOCATION)), (
        "a notification does not keep an allocation from being deleted"
    )


def test_an_allocation_is_set_on_its_user_only_as_they_were_read(tables: Tables) -> None:
    give, take = (
        quotas.add_user_allocation(ALLOCATION.user_allocation),
        quotas.set_user_allocation(ALLOCATION.user_allocation, quota=None),
    )
    change = quotas.set_user_allocation(ALLOCATION.user_allocation, quota={"ram_gb_seconds": 1})
    tables.write(users.put_user(USER))
    assert [conflicts(tables, command) for command in (take, give, give)] == [True, False, True]
    assert users.read_user(tables.get(keys.user("a", "u")) or {}) == ALLOCATED_USER
    assert [conflicts(tables, command) for command in (change, take)] == [False, True]
    assert users.read_user(tables.get(keys.user("a", "u")) or {}).quota == {"ram_gb_seconds": 1}
    overwrite(tables, users.put_user(ALLOCATED_USER))
    assert not conflicts(tables, take)
    assert users.read_user(tables.get(keys.user("a", "u")) or {}) == USER
    overwrite(tables, users.put_user(replace(USER, status="deleted")))
    assert conflicts(tables, give)


@pytest.mark.parametrize(
    "other", [replace(ALLOCATED_USER, allocation_id="other"), replace(ALLOCATED_USER, quota={"cpu_seconds_monthly": 1})]
)
def test_another_allocation_is_not_removed_from_its_user(tables: Tables, other: User) -> None:
    tables.write(users.put_user(other))
    assert conflicts(tables, quotas.set_user_allocation(ALLOCATION.user_allocation, quota=None))


@pytest.mark.parametrize(
    ("other", "is_refused"),
    [
        (ACCOUNT, False),
        (replace(ACCOUNT, allocated={"ram_gb_seconds": 1}), True),
        (replace(ACCOUNT, counts=ACCOUNT.counts._replace(allocation_count=1)), True),
    ],
)
def test_an_accounts_sums_change_only_as_they_were_read(tables: Tables, other: Account, is_refused: bool) -> None:
    tables.write(accounts.put_account(other))
    assert conflicts(tables, quotas.set_allocated(ACCOUNT, allocated={"ram_gb_seconds": 5}, rows=1)) == is_refused
    now = accounts.read_account(tables.get(keys.account("a")) or {})
    assert now == (
        other
        if is_refused
        else replace(ACCOUNT, allocated={"ram_gb_seconds": 5}, counts=ACCOUNT.counts._replace(allocation_count=1))
    )


def test_only_a_pending_request_as_it_was_read_is_changed_or_decided(tables: Tables) -> None:
    changed = replace(REQUEST, quota={"ram_gb_seconds": 8}, reason="More")
    tables.write(quotas.put_request(REQUEST))
    assert not conflicts(tables, quotas.set_request(REQUEST, changed))
    assert conflicts(tables, quotas.set_request(REQUEST, DENIED)), "its numbers have changed"
    denied = replace(DENIED, quota=changed.quota, reason="More")
    assert not conflicts(tables, quotas.set_request(changed, denied))
    assert quotas.read_request(tables.get(keys.quota_request("a", "r")) or {}) == denied
    assert conflicts(tables, quotas.set_request(changed, denied))
    assert conflicts(tables, quotas.delete_request("a", "r"))


def test_a_pending_request_is_deleted_once(tables: Tables) -> None:
    tables.write(quotas.put_request(REQUEST))
    assert [conflicts(tables, quotas.delete_request("a", "r")) for _ in range(2)] == [False, True]


def test_a_user_has_at_most_one_pending_request_and_a_deleted_one_none(tables: Tables) -> None:
    waiting = replace(USER, request_id="r")
    set_pending, clear_pending = (
        quotas.set_pending_request(USER, request_id="r"),
        quotas.set_pending_request(waiting, request_id=None),
    )
    tables.write(users.put_user(USER))
    assert [conflicts(tables, command) for command in (clear_pending, set_pending, set_pending)] == [True, False, True]
    assert users.read_user(tables.get(keys.user("a", "u")) or {}) == waiting
    assert not conflicts(tables, clear_pending)
    overwrite(tables, users.put_user(replace(USER, status="deleted")))
    assert conflicts(tables, set_pending)


def test_requests_are_counted_only_as_they_were_read(tables: Tables) -> None:
    tables.write(accounts.put_account(ACCOUNT))
    more = quotas.count_requests(ACCOUNT, rows=1)
    assert [conflicts(tables, more) for _ in range(2)] == [False, True]
    assert accounts.read_account(tables.get(keys.account("a")) or {}).counts.request_count == 1
