"""`Example` reports each way in which an answer can differ from its example."""

from typing import Any

import pytest

from tests.support.shape import Example

BODY = {
    "id": "acc-123456789",
    "cost": 12.84,
    "fee": 20,
    "sessions": 17,
    "at": "2026-04-20T12:34:56Z",
    "made_at": "2026-04-20T12:34:56.114Z",
    "day": "2026-04-20",
    "plan": "Pro",
    "target": "usr-1",
    "free": False,
    "rows": [{"n": 1}, {"n": 2, "shortened": True}],
    "tags": ["one"],
    "map": {},
    "nothing": None,
}
EXAMPLE = Example(
    "a document",
    BODY,
    added={"rows[].note": "new"},
    optional=frozenset({"plan", "rows[].note"}),
    nullable=frozenset({"day", "rows[].n"}),
    numbers=frozenset({"fee"}),
    texts=frozenset({"target"}),
    empty=frozenset({"tags"}),
)


def differences(**changes: Any) -> list[str]:
    answer = {**BODY, "rows": [{"n": 1}], **changes}
    return EXAMPLE.differences({name: value for name, value in answer.items() if value is not ...})


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"cost": 12},
        {"fee": 29.5},
        {"plan": ...},
        {"day": None},
        {"target": "key-1"},
        {"target": "run 7"},
        {"map": {"any": ["thing"]}},
        {"tags": []},
        {"rows": [{"n": 1, "note": "text"}]},
        {"rows": [{"n": 1}, {"n": None}, {"n": 3}]},
        {"id": "acc-019db0f2-5270-7000-8000-000000000000"},
    ],
)
def test_what_an_example_allows_passes(changes: dict[str, Any]) -> None:
    assert differences(**changes) == []


@pytest.mark.parametrize(
    ("changes", "difference"),
    [
        ({"id": ...}, "id is missing"),
        ({"more": 1}, "more is extra"),
        ({"cost": "12.84"}, "cost is a string, not a number"),
        ({"sessions": 17.5}, "sessions is a number, not an integer"),
        ({"sessions": True}, "sessions is a boolean, not an integer"),
        ({"free": 0}, "free is an integer, not a boolean"),
        ({"free": None}, "free is null, not a boolean"),
        ({"nothing": "something"}, "nothing is a string, not null"),
        ({"id": "usr-1"}, "id is 'usr-1', not an id that starts with acc- like 'acc-123456789'"),
        ({"plan": "2026-04-20"}, "plan is '2026-04-20', not plain text like 'Pro'"),
        (
            {"at": "2026-04-20T12:34:56.114Z"},
            "at is '2026-04-20T12:34:56.114Z', not an instant in whole seconds like '2026-04-20T12:34:56Z'",
        ),
        (
            {"made_at": "2026-04-20T12:34:56Z"},
            "made_at is '2026-04-20T12:34:56Z', not an instant in milliseconds like '2026-04-20T12:34:56.114Z'",
        ),
        ({"target": 7}, "target is an integer, not a string"),
        ({"rows": []}, "rows is empty: there is nothing to compare"),
        ({"rows": [{"n": 1}, {"n": "2"}]}, "rows[].n is a string, not an integer"),
        ({"rows": [{"n": 1, "note": 5}]}, "rows[].note is an integer, not a string"),
        ({"rows": [{"n": 1, "shortened": True}]}, "rows[].shortened is extra"),
        ({"tags": [7]}, "tags[] is an integer, not a string"),
        ({"map": []}, "map is an array, not an object"),
    ],
)
def test_each_difference_is_reported_with_its_place(changes: dict[str, Any], difference: str) -> None:
    assert differences(**changes) == [difference]
