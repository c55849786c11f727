"""The catalog has versions that never change; which one is current is looked up once a minute."""

from typing import Any

import pytest

from tallybook.cli.catalog_file import read_catalog
from tallybook.domain.errors import Failed
from tallybook.domain.times import parse_instant
from tallybook.store import keys
from tallybook.store.catalogs import Catalogs
from tallybook.store.commands import Put
from tallybook.store.table import Tables
from tests.support.app import CATALOG
from tests.support.cloud import NAMES
from tests.support.faults import Faults, lost_answer

AT = "2026-04-20T12:00:00.000Z"


def on_record(version: int) -> Put:
    return Put(keys.operator_audit(parse_instant(AT), str(version)), {}, condition=None)


class Elapsed:
    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


class Shelf:
    """Catalogs of one process, with a clock that tests move and calls that they count."""

    def __init__(self, client: Any) -> None:
        self.faults = Faults()
        self.elapsed = Elapsed()
        self.tables = Tables(client, NAMES, interceptor=self.faults, pause=lambda _: None)
        self.catalogs = Catalogs(self.tables, elapsed=self.elapsed)

    def apply(self, **changes: Any) -> int:
        return self.catalogs.apply(read_catalog(CATALOG) | changes, applied_at=AT, record=on_record).version

    def calls(self) -> int:
        calls = self.faults.calls
        self.faults.clear()
        return calls


@pytest.fixture
def shelf(client: Any) -> Shelf:
    return Shelf(client)


@pytest.fixture
def other(client: Any) -> Shelf:
    """Another process on the same tables."""
    return Shelf(client)


def test_versions_count_from_one_and_the_same_content_is_the_same_version(shelf: Shelf) -> None:
    assert shelf.apply() == 1
    assert shelf.apply() == 1
    assert shelf.apply(welcome_credit=5) == 2
    assert shelf.apply(welcome_credit=5) == 2
    assert shelf.apply() == 3


def test_the_order_of_keys_is_no_content(shelf: Shelf) -> None:
    data = read_catalog(CATALOG)
    shelf.catalogs.apply(data, applied_at=AT, record=on_record)
    assert shelf.catalogs.apply(dict(reversed(data.items())), applied_at=AT, record=on_record).version == 1


def test_what_was_applied_is_current_at_once_where_it_was_applied(shelf: Shelf) -> None:
    shelf.apply()
    shelf.apply(welcome_credit=5)
    assert (shelf.catalogs.current().version, shelf.catalogs.current().welcome_credit) == (2, 5)


def test_a_version_reads_back_as_it_was_applied(shelf: Shelf, other: Shelf) -> None:
    applied = shelf.catalogs.apply(read_catalog(CATALOG), applied_at=AT, record=on_record)
    shelf.apply(welcome_credit=5)
    assert other.catalogs.version(1) == applied
    assert other.catalogs.version(2).welcome_credit == 5
    assert other.catalogs.version(1).meters["cpu_seconds"].prices == applied.meters["cpu_seconds"].prices


def test_a_version_is_read_once_and_the_current_one_once_a_minute(shelf: Shelf, other: Shelf) -> None:
    shelf.apply()
    for _ in range(3):
        other.catalogs.current()
        other.catalogs.version(1)
    assert other.calls() == 1
    shelf.apply(welcome_credit=5)
    other.elapsed.seconds += 60
    assert (other.catalogs.current().version, other.calls()) == (1, 0)
    other.elapsed.seconds += 0.001
    assert (other.catalogs.current().version, other.calls()) == (2, 1)
    assert (other.catalogs.version(2).version, other.catalogs.version(1).version, other.calls()) == (2, 1, 0)


def test_two_at_once_give_two_versions_in_some_order(shelf: Shelf, other: Shelf) -> None:
    """The other process applies between this one's read and its write."""
    real, done = shelf.tables.transact, []

    def late(commands: Any) -> None:
        if not done:
            done.append(other.apply(welcome_credit=5))
        real(commands)

    shelf.tables.transact = late
    assert shelf.apply(welcome_credit=6) == 2
    assert (done, other.catalogs.version(1).welcome_credit, other.catalogs.version(2).welcome_credit) == ([1], 5, 6)


def test_two_at_once_with_the_same_content_are_one_version(shelf: Shelf, other: Shelf) -> None:
    real, done = shelf.tables.transact, []

    def late(commands: Any) -> None:
        if not done:
            done.append(other.apply())
        real(commands)

    shelf.tables.transact = late
    assert shelf.apply() == 1
    assert shelf.tables.get(keys.catalog_version(2)) is None


def test_a_lost_answer_adds_no_version(shelf: Shelf) -> None:
    shelf.faults.fail_nth(2, "after", lost_answer)
    assert shelf.apply() == 1
    assert shelf.tables.get(keys.catalog_version(2)) is None


def test_without_a_catalog_it_is_said_so(shelf: Shelf) -> None:
    with pytest.raises(Failed) as failed:
        shelf.catalogs.current()
    assert failed.value.code == "no_catalog"
    with pytest.raises(Failed):
        shelf.catalogs.version(1)
