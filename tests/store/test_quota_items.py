"""Allocations and requests read back as they were stored, and change only as whoever changes them has read them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tallybook.domain.accounts import Account, User
from tallybook.domain.quotas import Allocation, QuotaRequest
from tallybook.store import accounts, keys, quotas, users
from tallybook.store.commands import Command, Put
from tallybook.store.conflicts import WriteConflict
from tallybook.store.table import Tables
from tests.store.samples import ACCOUNT, USER

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
TOLD = replace(ALLOCATION, notified={"2026-04-01T00:00:00.000Z": {"cpu_seconds_monthly": 80}})
REVOKED = replace(TOLD, status="revoked", quota={}, updated_at=NOW + timedelta(hours=1))
REQUEST = QuotaRequest(
    id="r", account_id="a", user_id="u", quota={"ram_gb_seconds": 7}, reason="It is not enough", created_at=NOW
)
DENIED = replace(REQUEST, status="denied", review_notes="", reviewed_by="b", reviewed_at=NOW + timedelta(hours=1))
SHARING = replace(USER, allocation_id="q", quota=ALLOCATION.quota)


def stored(tables: Tables, put: Put) -> dict[str, Any]:
    tables.write(put)
    return tables.get(put.key) or {}


def refused(tables: Tables, command: Command) -> bool:
    """Whether it was; where not, it is done."""
    try:
        tables.transact([command])
    except WriteConflict:
        return True
    return False


def replaced(tables: Tables, put: Put) -> None:
    tables.write(replace(put, condition=None))


@pytest.mark.parametrize("allocation", [ALLOCATION, TOLD, REVOKED])
def test_an_allocation_reads_back(tables: Tables, allocation: Allocation) -> None:
    assert quotas.read_allocation(stored(tables, quotas.put_allocation(allocation))) == allocation


@pytest.mark.parametrize("request_", [REQUEST, DENIED])
def test_a_request_reads_back(tables: Tables, request_: QuotaRequest) -> None:
    assert quotas.read_request(stored(tables, quotas.put_request(request_))) == request_


def test_a_changed_allocation_reads_back_and_what_was_told_of_it_stays(tables: Tables) -> None:
    tables.write(quotas.put_allocation(TOLD))
    tables.write(quotas.set_allocation(TOLD.user_allocation, quota={}, status="revoked", at=REVOKED.updated_at))
    assert quotas.read_allocation(tables.get(keys.allocation("a", "q")) or {}) == REVOKED


@pytest.mark.parametrize("other", [replace(ALLOCATION, quota={}), replace(ALLOCATION, status="revoked")])
def test_an_allocation_changed_since_its_read_is_left_alone(tables: Tables, other: Allocation) -> None:
    tables.write(quotas.put_allocation(other))
    assert refused(tables, quotas.set_allocation(ALLOCATION.user_allocation, quota={}, status="active", at=NOW))
    assert refused(tables, quotas.set_notified(ALLOCATION, TOLD))
    assert refused(tables, quotas.delete_allocation(ALLOCATION))
    assert quotas.read_allocation(tables.get(keys.allocation("a", "q")) or {}) == other


def test_what_a_user_was_told_is_written_once(tables: Tables) -> None:
    tables.write(quotas.put_allocation(ALLOCATION))
    assert [refused(tables, quotas.set_notified(ALLOCATION, TOLD)) for _ in range(2)] == [False, True]
    assert not refused(tables, quotas.delete_allocation(ALLOCATION)), "which doesn't keep anybody from deleting it"


def test_a_share_is_given_and_taken_as_the_user_was_read(tables: Tables) -> None:
    give, take = (
        quotas.add_user_allocation(ALLOCATION.user_allocation),
        quotas.set_user_allocation(ALLOCATION.user_allocation, quota=None),
    )
    change = quotas.set_user_allocation(ALLOCATION.user_allocation, quota={"ram_gb_seconds": 1})
    tables.write(users.put_user(USER))
    assert [refused(tables, command) for command in (take, give, give)] == [True, False, True]
    assert users.read_user(tables.get(keys.user("a", "u")) or {}) == SHARING
    assert [refused(tables, command) for command in (change, take)] == [False, True]
    assert users.read_user(tables.get(keys.user("a", "u")) or {}).quota == {"ram_gb_seconds": 1}
    replaced(tables, users.put_user(SHARING))
    assert not refused(tables, take)
    assert users.read_user(tables.get(keys.user("a", "u")) or {}) == USER
    replaced(tables, users.put_user(replace(USER, status="deleted")))
    assert refused(tables, give)


@pytest.mark.parametrize(
    "other", [replace(SHARING, allocation_id="other"), replace(SHARING, quota={"cpu_seconds_monthly": 1})]
)
def test_a_share_that_is_another_is_not_taken(tables: Tables, other: User) -> None:
    tables.write(users.put_user(other))
    assert refused(tables, quotas.set_user_allocation(ALLOCATION.user_allocation, quota=None))


@pytest.mark.parametrize(
    ("other", "is_refused"),
    [
        (ACCOUNT, False),
        (replace(ACCOUNT, allocated={"ram_gb_seconds": 1}), True),
        (replace(ACCOUNT, counts=ACCOUNT.counts._replace(allocation_count=1)), True),
    ],
)
def test_the_sums_of_an_account_change_as_they_were_read(tables: Tables, other: Account, is_refused: bool) -> None:
    tables.write(accounts.put_account(other))
    assert refused(tables, quotas.set_allocated(ACCOUNT, allocated={"ram_gb_seconds": 5}, rows=1)) == is_refused
    now = accounts.read_account(tables.get(keys.account("a")) or {})
    assert now == (
        other
        if is_refused
        else replace(ACCOUNT, allocated={"ram_gb_seconds": 5}, counts=ACCOUNT.counts._replace(allocation_count=1))
    )


def test_a_request_is_decided_changed_and_deleted_while_it_is_pending(tables: Tables) -> None:
    changed = replace(REQUEST, quota={"ram_gb_seconds": 8}, reason="More")
    tables.write(quotas.put_request(REQUEST))
    assert not refused(tables, quotas.set_request(REQUEST, changed))
    assert refused(tables, quotas.set_request(REQUEST, DENIED)), "its numbers are other ones"
    denied = replace(DENIED, quota=changed.quota, reason="More")
    assert not refused(tables, quotas.set_request(changed, denied))
    assert quotas.read_request(tables.get(keys.quota_request("a", "r")) or {}) == denied
    assert refused(tables, quotas.set_request(changed, denied))
    assert refused(tables, quotas.delete_request("a", "r"))


def test_a_pending_request_is_deleted(tables: Tables) -> None:
    tables.write(quotas.put_request(REQUEST))
    assert [refused(tables, quotas.delete_request("a", "r")) for _ in range(2)] == [False, True]


def test_a_user_has_one_pending_request_and_none_once_they_are_deleted(tables: Tables) -> None:
    waiting = replace(USER, request_id="r")
    file, withdraw = (
        quotas.set_pending_request(USER, request_id="r"),
        quotas.set_pending_request(waiting, request_id=None),
    )
    tables.write(users.put_user(USER))
    assert [refused(tables, command) for command in (withdraw, file, file)] == [True, False, True]
    assert users.read_user(tables.get(keys.user("a", "u")) or {}) == waiting
    assert not refused(tables, withdraw)
    replaced(tables, users.put_user(replace(USER, status="deleted")))
    assert refused(tables, file)


def test_requests_are_counted_as_they_were_read(tables: Tables) -> None:
    tables.write(accounts.put_account(ACCOUNT))
    more = quotas.count_requests(ACCOUNT, rows=1)
    assert [refused(tables, more) for _ in range(2)] == [False, True]
    assert accounts.read_account(tables.get(keys.account("a")) or {}).counts.request_count == 1
