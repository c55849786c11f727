"""The store's DynamoDB calls: what they read and write, what they cost, and how they report a conflict."""

from decimal import Decimal
from typing import Any

import pytest
from boto3.dynamodb.conditions import Attr
from botocore.exceptions import ClientError

from tallybook.domain.errors import Conflict, Invalid
from tallybook.store.capacity import CapacityMeter
from tallybook.store.commands import EXISTS, Check, Command, Delete, Item, Put, Update
from tallybook.store.conflicts import Failure, WriteConflict
from tallybook.store.keys import Key
from tallybook.store.table import Tables
from tests.support.cloud import NAMES, all_items, meter_of

ONE, TWO, USAGE = Key("core", "P", "1"), Key("core", "P", "2"), Key("usage", "P", "1")


@pytest.fixture
def tables(client: Any) -> Tables:
    return Tables(client, NAMES, observer=CapacityMeter())


def item(tables: Tables, key: Key) -> Item | None:
    """The item's attributes without its key."""
    found = tables.get(key)
    return None if found is None else {name: value for name, value in found.items() if name not in ("pk", "sk")}


def failures_of(tables: Tables, *commands: Command) -> tuple[Failure, ...]:
    with pytest.raises(WriteConflict) as refused:
        tables.transact(commands)
    return refused.value.failures


def test_an_item_reads_back_with_its_key_and_exact_numbers(tables: Tables) -> None:
    value = {
        "text": "ä",
        "count": 7,
        "exact": Decimal("0.000014"),
        "yes": True,
        "list": ["a", 1],
        "map": {"a": {"b": None}},
        "none": None,
    }
    tables.write(Put(ONE, value))
    assert tables.get(ONE) == {"pk": "P", "sk": "1", **{k: v for k, v in value.items() if k != "none"}}


def test_an_unwritten_item_is_absent_from_both_tables(tables: Tables) -> None:
    assert tables.get(ONE) is None
    tables.write(Put(USAGE, {"a": 1}))
    assert tables.get(ONE) is None
    assert item(tables, USAGE) == {"a": 1}


def test_many_items_of_both_tables_are_read_a_hundred_at_a_time(tables: Tables) -> None:
    keys = [Key("core" if number % 2 else "usage", "P", f"{number:03}") for number in range(250)]
    for key in keys[::5]:
        tables.write(Put(key, {"name": key.sk}))
    meter_of(tables).clear()
    found = tables.get_many([*keys, *keys])
    assert set(found) == set(keys[::5])
    assert all(item["name"] == key.sk for key, item in found.items())
    assert (list(meter_of(tables).operations), meter_of(tables).read_units) == (["get_many"] * 3, 250)


def test_reading_no_keys_makes_no_call(tables: Tables) -> None:
    assert tables.get_many([]) == {}
    assert meter_of(tables).calls == 0


def write_rows(tables: Tables, count: int, *, size: int = 0) -> None:
    for number in range(count):
        tables.write(Put(Key("core", "P", f"ROW#{number:03}"), {"n": number, "filler": "x" * size}))
    meter_of(tables).clear()


def test_a_query_returns_a_range_in_order_with_both_ends(tables: Tables) -> None:
    write_rows(tables, 10)
    tables.write(Put(Key("core", "OTHER", "ROW#003"), {"n": 99}))
    rows = tables.query("core", "P", start="ROW#003", end="ROW#006")
    assert [row["n"] for row in rows] == [3, 4, 5, 6]
    assert list(tables.query("core", "P", start="Z", end="ZZ")) == []


def test_a_query_reads_further_pages_only_on_demand(tables: Tables) -> None:
    write_rows(tables, 9, size=350_000)
    assert [row["n"] for row in tables.query("core", "P", start="ROW#", end="ROW#~")] == list(range(9))
    assert meter_of(tables).calls > 1
    meter_of(tables).clear()
    assert next(tables.query("core", "P", start="ROW#", end="ROW#~"))["n"] == 0
    assert meter_of(tables).calls == 1


def test_a_query_with_a_limit_reads_no_more_than_that(tables: Tables) -> None:
    write_rows(tables, 10)
    for limit in (0, 1, 7, 10, 50):
        rows = list(tables.query("core", "P", start="ROW#", end="ROW#~", limit=limit))
        assert [row["n"] for row in rows] == list(range(min(limit, 10)))


def test_a_put_is_for_a_new_item_only(tables: Tables) -> None:
    tables.write(Put(ONE, {"a": 1}))
    with pytest.raises(WriteConflict) as refused:
        tables.write(Put(ONE, {"a": 2}))
    assert refused.value.failures[0].was == {"pk": "P", "sk": "1", "a": 1}
    assert item(tables, ONE) == {"a": 1}


def test_a_put_without_condition_replaces_the_whole_item(tables: Tables) -> None:
    tables.write(Put(ONE, {"a": 1, "b": 2}))
    tables.write(Put(ONE, {"a": 3}, condition=None))
    assert item(tables, ONE) == {"a": 3}


def test_an_update_sets_adds_removes_and_keeps_the_rest(tables: Tables) -> None:
    tables.write(Put(ONE, {"kept": "k", "set": "old", "gone": 1, "nulled": 1, "sum": 5, "had": "first"}))
    tables.transact(
        [
            Update(
                ONE,
                set={"set": "new", "status": "reserved word", "nulled": None},
                first={"had": "second", "new": "second"},
                add={"sum": Decimal("0.5"), "q:cpu:S": 3},
                remove=("gone",),
            )
        ]
    )
    assert item(tables, ONE) == {
        "kept": "k",
        "set": "new",
        "status": "reserved word",
        "had": "first",
        "new": "second",
        "sum": Decimal("5.5"),
        "q:cpu:S": 3,
    }


def test_equal_values_of_different_types_keep_their_types(tables: Tables) -> None:
    tables.write(Put(ONE, {}))
    tables.write(Update(ONE, set={"yes": True, "one": 1, "text": "1", "exact": Decimal("1.0")}))
    found = item(tables, ONE)
    assert found == {"yes": True, "one": 1, "text": "1", "exact": 1}
    assert found["yes"] is True
    assert isinstance(found["one"], Decimal)


def test_an_update_needs_an_existing_item_unless_conditioned_otherwise(tables: Tables) -> None:
    assert failures_of(tables, Update(ONE, set={"a": 1}))[0].was is None
    tables.write(Update(ONE, set={"a": 1}, condition=None))
    assert item(tables, ONE) == {"a": 1}


def test_an_addition_outside_a_transaction_raises_as_retries_repeat_it(tables: Tables) -> None:
    with pytest.raises(ValueError, match="transaction"):
        tables.write(Update(ONE, add={"a": 1}, condition=None))
    assert meter_of(tables).calls == 0


def test_a_delete_removes_an_existing_item(tables: Tables) -> None:
    tables.write(Put(ONE, {"a": 1}))
    tables.write(Delete(ONE))
    assert tables.get(ONE) is None
    with pytest.raises(WriteConflict):
        tables.write(Delete(ONE))


def test_a_condition_and_an_update_may_name_the_same_attributes(tables: Tables) -> None:
    tables.write(Put(ONE, {"entries": 3, "status": "active", "balance": 10}))
    condition = Attr("entries").eq(3) & Attr("status").ne("deleted")
    move = Update(ONE, set={"entries": 4}, add={"balance": -3}, condition=condition)
    tables.transact([move])
    assert item(tables, ONE) == {"entries": 4, "status": "active", "balance": 7}
    assert len(failures_of(tables, move)) == 1


def test_a_transaction_is_all_or_nothing_over_both_tables(tables: Tables, client: Any) -> None:
    tables.write(Put(ONE, {"a": 1}))
    failures_of(
        tables, Put(TWO, {}), Put(USAGE, {}), Update(ONE, set={"a": 2}), Check(Key("core", "P", "none"), EXISTS)
    )
    assert item(tables, ONE) == {"a": 1}
    assert (len(all_items(client, "core")), len(all_items(client, "usage"))) == (1, 0)
    tables.transact([Put(TWO, {}), Put(USAGE, {}), Update(ONE, set={"a": 2})])
    assert item(tables, ONE) == {"a": 2}
    assert (len(all_items(client, "core")), len(all_items(client, "usage"))) == (2, 1)


def test_a_conflict_reports_the_failed_commands_and_stored_items(tables: Tables) -> None:
    tables.write(Put(ONE, {"a": 1}))
    put, fine, update = Put(ONE, {"a": 2}), Put(TWO, {}), Update(USAGE, set={"a": 2})
    assert failures_of(tables, fine, put, update) == (
        Failure(put, {"pk": "P", "sk": "1", "a": 1}),
        Failure(update, None),
    )


def test_the_first_failed_command_with_a_refusal_raises_it(tables: Tables) -> None:
    tables.write(Put(ONE, {"a": 1}))
    commands = [
        Put(TWO, {}, refusal=Conflict("fine")),
        Put(ONE, {}),
        Check(USAGE, EXISTS, refusal=Invalid("second")),
        Delete(Key("usage", "P", "2"), refusal=Conflict("third")),
    ]
    with pytest.raises(Invalid, match="second"):
        tables.transact(commands)
    with pytest.raises(Conflict, match="taken"):
        tables.write(Put(ONE, {}, refusal=Conflict("taken")))


def test_the_refusal_of_a_command_that_did_not_fail_is_not_raised(tables: Tables) -> None:
    tables.write(Put(ONE, {}))
    assert len(failures_of(tables, Put(ONE, {}), Put(TWO, {}, refusal=Conflict("not me")))) == 1


def test_a_check_writes_nothing(tables: Tables, client: Any) -> None:
    tables.write(Put(ONE, {"a": 1}))
    tables.transact([Check(ONE, Attr("a").eq(1)), Check(TWO, Attr("pk").not_exists())])
    assert all_items(client, "core") == [{"pk": "P", "sk": "1", "a": 1}]


def test_a_malformed_request_raises_an_aws_error_not_a_conflict(tables: Tables) -> None:
    with pytest.raises(ValueError, match="can't be merged"):
        tables.transact([Put(ONE, {}), Delete(ONE, condition=None)])
    with pytest.raises(ClientError):
        tables.get(Key("core", "", "1"))


# What it costs ------------------------------------------------------------------------------------------------------


def test_a_get_costs_by_its_item_and_one_unit_if_absent(tables: Tables) -> None:
    tables.get(ONE)
    assert (meter_of(tables).calls, meter_of(tables).read_units) == (1, 1)
    tables.write(Put(ONE, {"filler": "x" * 4096}))
    meter_of(tables).clear()
    tables.get(ONE)
    assert (meter_of(tables).calls, meter_of(tables).read_units, meter_of(tables).write_units) == (1, 2, 0)


def test_many_gets_are_one_call_that_costs_each_item_separately(tables: Tables) -> None:
    tables.write(Put(ONE, {"filler": "x" * 4096}))
    tables.write(Put(USAGE, {}))
    meter_of(tables).clear()
    tables.get_many([ONE, TWO, USAGE])
    assert (meter_of(tables).calls, meter_of(tables).read_units) == (1, 2 + 1 + 1)


def test_a_query_costs_the_total_size_of_its_items(tables: Tables) -> None:
    write_rows(tables, 8, size=1030)  # a little over 1 KB each
    list(tables.query("core", "P", start="ROW#", end="ROW#~"))
    assert (meter_of(tables).calls, meter_of(tables).read_units) == (1, 3)
    meter_of(tables).clear()
    list(tables.query("core", "P", start="Z", end="ZZ"))
    assert (meter_of(tables).calls, meter_of(tables).read_units) == (1, 1)


def test_a_transaction_costs_twice_a_single_write(tables: Tables) -> None:
    big = {"filler": "x" * 1024}
    tables.write(Put(ONE, big))
    assert (list(meter_of(tables).operations), meter_of(tables).write_units) == (["put"], 2)
    meter_of(tables).clear()
    tables.transact([Put(TWO, big), Put(USAGE, {}), Check(ONE, EXISTS)])
    assert (list(meter_of(tables).operations), meter_of(tables).write_units) == (["transact"], 2 * (2 + 1 + 1))


def test_an_update_costs_the_whole_item_if_its_size_is_known(client: Any) -> None:
    tables = Tables(client, NAMES, observer=CapacityMeter(sizes=lambda key: 5000 if key == ONE else 10))
    tables.write(Put(ONE, {}))
    tables.write(Put(TWO, {}))
    meter_of(tables).clear()
    tables.transact([Update(ONE, set={"a": 1}), Delete(TWO)])
    assert meter_of(tables).write_units == 2 * (5 + 1)


def test_a_refused_write_costs_units_too(tables: Tables) -> None:
    tables.write(Put(ONE, {}))
    meter_of(tables).clear()
    failures_of(tables, Put(ONE, {"a": 1}))
    assert (meter_of(tables).calls, meter_of(tables).write_units) == (1, 2)


def test_an_entry_of_the_work_index_costs_units_too(tables: Tables) -> None:
    tables.write(Put(ONE, {"work": "dirty#0", "due": "2026"}))
    assert meter_of(tables).write_units == 2
