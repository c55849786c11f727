"""How many values a body may hold, and how deep they may be. Checked before any value is read as a model.

So a body costs no more than its bytes: half a million numbers in a list are refused by their count.
"""

from collections.abc import Collection, Mapping
from typing import Any

from tallybook.domain.errors import Invalid

MOST_VALUES = 100
MOST_LEVELS = 8


def check_counts(body: Mapping[str, Any], fields: Collection[str]) -> None:
    """At most 100 fields, 100 values in each list or object of a known field, and 8 levels of these.

    Invalid names the field. Fields outside `fields` are ignored, so their values may be anything.
    """
    if len(body) > MOST_VALUES:
        raise Invalid(f"The body has {len(body)} fields; {MOST_VALUES} are the most")
    for field in fields:
        if field in body:
            _check_values(body[field], field)


def _check_values(value: Any, field: str) -> None:
    level = [value]
    for _ in range(MOST_LEVELS):
        level = [part for one in level for part in _parts(one, field)]
    if any(isinstance(one, list | dict) for one in level):
        raise _wrong(field, f"is nested more than {MOST_LEVELS} levels deep")


def _parts(value: Any, field: str) -> Collection[Any]:
    if not isinstance(value, list | dict):
        return ()
    if len(value) > MOST_VALUES:
        raise _wrong(field, f"has {len(value)} values; {MOST_VALUES} are the most")
    return value if isinstance(value, list) else value.values()


def _wrong(field: str, problem: str) -> Invalid:
    return Invalid(f"{field} {problem}", field=field)
