"""Catalog versions never change; the current one is read again after a minute."""

from typing import Any

import pytest

from tallybook.cli.catalog_file import read_catalog
from tallybook.domain.errors import Failed, Unavailable
from tallybook.domain.times import parse_instant
from tallybook.store import keys
from tallybook.store.catalogs import Catalogs
from tallybook.store.commands import Put
from tallybook.store.table import Tables
from tests.support.app import CATALOG
from tests.support.cloud import NAMES
from tests.support.faults import Faults, lost_answer

AT = "2026-04-20T12:00:00.000Z"


def audit_entry(version: int) -> Put:
    return Put(keys.operator_audit(parse_instant(AT), str(version)), {}, condition=None)


class Elapsed:
    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


class Process:
    """The catalogs of one process, with a clock to move and database calls to count."""

    def __init__(self, client: Any) -> None:
        self.faults = Faults()
        self.elapsed = Elapsed()
        self.tables = Tables(client, NAMES, interceptor=self.faults, pause=lambda _: None)
        self.catalogs = Catalogs(self.tables, elapsed=self.elapsed)

    def apply(self, **changes: Any) -> int:
        return self.catalogs.apply(
            read_catalog(CATALOG) | changes, applied_at=AT, check=lambda _: None, record=audit_entry
        ).version

    def calls(self) -> int:
        calls = self.faults.calls
        self.faults.clear()
        return calls


@pytest.fixture
def process(client: Any) -> Process:
    return Process(client)


@pytest.fixture
def other(client: Any) -> Process:
    """Another process on the same tables."""
    return Process(client)


def test_versions_count_from_one_and_equal_content_keeps_its_version(process: Process) -> None:
    assert process.apply() == 1
    assert process.apply() == 1
    assert process.apply(welcome_credit=5) == 2
    assert process.apply(welcome_credit=5) == 2
    assert process.apply() == 3


def test_the_order_of_keys_makes_no_new_version(process: Process) -> None:
    data = read_catalog(CATALOG)
    process.catalogs.apply(data, applied_at=AT, check=lambda _: None, record=audit_entry)
    assert (
        process.catalogs.apply(
            dict(reversed(data.items())), applied_at=AT, check=lambda _: None, record=audit_entry
        ).version
        == 1
    )


def test_an_applied_version_is_current_at_once_in_its_process(process: Process) -> None:
    process.apply()
    process.apply(welcome_credit=5)
    assert (process.catalogs.current().version, process.catalogs.current().welcome_credit) == (2, 5)


def test_an_old_version_reads_back_unchanged(process: Process, other: Process) -> None:
    applied = process.catalogs.apply(read_catalog(CATALOG), applied_at=AT, check=lambda _: None, record=audit_entry)
    process.apply(welcome_credit=5)
    assert other.catalogs.version(1) == applied
    assert other.catalogs.version(2).welcome_credit == 5
    assert other.catalogs.version(1).meters["cpu_seconds"].prices == applied.meters["cpu_seconds"].prices


def test_a_version_is_read_once_and_the_current_number_once_a_minute(process: Process, other: Process) -> None:
    process.apply()
    for _ in range(3):
        other.catalogs.current()
        other.catalogs.version(1)
    assert other.calls() == 1
    process.apply(welcome_credit=5)
    other.elapsed.seconds += 60
    assert (other.catalogs.current().version, other.calls()) == (1, 0)
    other.elapsed.seconds += 0.001
    assert (other.catalogs.current().version, other.calls()) == (2, 1)
    assert (other.catalogs.version(2).version, other.catalogs.version(1).version, other.calls()) == (2, 1, 0)


def test_two_applied_at_once_become_two_versions(process: Process, other: Process) -> None:
    """The other process applies between this process's read and write."""
    real, done = process.tables.transact, []

    def apply_between(commands: Any) -> None:
        if not done:
            done.append(other.apply(welcome_credit=5))
        real(commands)

    process.tables.transact = apply_between
    assert process.apply(welcome_credit=6) == 2
    assert (done, other.catalogs.version(1).welcome_credit, other.catalogs.version(2).welcome_credit) == ([1], 5, 6)


def test_the_same_content_applied_twice_at_once_is_one_version(process: Process, other: Process) -> None:
    real, done = process.tables.transact, []

    def apply_between(commands: Any) -> None:
        if not done:
            done.append(other.apply())
        real(commands)

    process.tables.transact = apply_between
    assert process.apply() == 1
    assert process.tables.get(keys.catalog_version(2)) is None


def test_a_lost_answer_adds_no_version(process: Process) -> None:
    process.faults.fail_nth(2, "after", lost_answer)
    assert process.apply() == 1
    assert process.tables.get(keys.catalog_version(2)) is None


def test_without_a_catalog_reading_it_is_unavailable_with_the_cure(process: Process) -> None:
    with pytest.raises(Unavailable) as failed:
        process.catalogs.current()
    assert failed.value.code == "no_catalog"
    assert "tallybook catalog apply" in str(failed.value.__cause__)
    with pytest.raises(Failed):
        process.catalogs.version(1)
