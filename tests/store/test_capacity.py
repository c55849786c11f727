"""Sizes and units by AWS's published rules.

Source: DynamoDB developer guide, "Item sizes and formats" and "Read and write operations": a name and a string are
their UTF-8 bytes; a number 1 byte for two significant digits, zeros at either end trimmed, plus 1, and 1 more below
zero; null and boolean 1; a list or map 3, and 1 for each element or pair; binary its bytes.
"""

import threading
from decimal import Decimal
from typing import Any

import pytest

from tallybook.store.capacity import CapacityMeter, item_size, read_units, write_units
from tallybook.store.commands import Put
from tallybook.store.keys import Key


@pytest.mark.parametrize(
    ("value", "size"),
    [
        ("", 0),
        ("abc", 3),
        ("ä€😀", 9),
        (None, 1),
        (True, 1),
        (False, 1),
        (1, 2),
        (12, 2),
        (123, 3),
        (-1, 3),
        (-123, 4),
        (1000, 2),
        (Decimal("1000.00"), 2),
        (Decimal("0.000014"), 2),
        (Decimal("123.456"), 4),
        (Decimal("12345678901234567890123456789012345678"), 20),
        (b"\x00\x01", 2),
        ([], 3),
        ({}, 3),
        (["ab", 1], 3 + 1 + 2 + 1 + 2),
        ({"a": "b", "cd": True}, 3 + 1 + 1 + 1 + 1 + 2 + 1),
        ([["a"], {"b": None}], 3 + (1 + 3 + 1 + 1) + (1 + 3 + 1 + 1 + 1)),
    ],
)
def test_a_value_has_its_published_size(value: Any, size: int) -> None:
    assert item_size({"": value}) == size


def test_an_items_size_is_the_sum_of_its_names_and_values() -> None:
    assert item_size({"pk": "ACCOUNT#1", "sk": "ACCOUNT", "näme": "x", "balance": 1_000_000}) == 11 + 9 + 6 + 9
    assert item_size({}) == 0


@pytest.mark.parametrize(
    ("size", "strong", "eventual"),
    [(0, 1, 0.5), (1, 1, 0.5), (4096, 1, 0.5), (4097, 2, 1), (8192, 2, 1), (409_600, 100, 50)],
)
def test_a_read_takes_a_unit_per_4_kb_half_if_eventually_consistent(size: int, strong: float, eventual: float) -> None:
    assert read_units(size, consistent=True) == strong
    assert read_units(size, consistent=False) == eventual


@pytest.mark.parametrize(("size", "units"), [(0, 1), (1, 1), (1024, 1), (1025, 2), (409_600, 400)])
def test_a_write_takes_a_unit_for_each_started_kb(size: int, units: int) -> None:
    assert write_units(size) == units


def test_a_meter_adds_up_over_threads_until_cleared() -> None:
    meter, put = CapacityMeter(), Put(Key("core", "P", "S"), {"name": "x" * 1024})

    def use() -> None:
        for _ in range(100):
            meter.items_read("get", [], missing=1, consistent=False)
            meter.written("put", [put])

    threads = [threading.Thread(target=use) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (meter.calls, meter.read_units, meter.write_units, len(meter.operations)) == (800, 200, 800, 800)
    meter.clear()
    assert (meter.calls, meter.read_units, meter.write_units, len(meter.operations)) == (0, 0, 0, 0)
