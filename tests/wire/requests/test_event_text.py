"""The text fields of an event: they can be seen, have no control characters, and are lenient otherwise."""

import json
from typing import Any

import pytest

from tallybook.domain.usage import Event, Result
from tallybook.wire.requests.cloudevents import read_events

FIELDS = ["id", "source", "data.meter", "data.session_id", "data.app_id", "data.sku"]
LENIENT = ["id", "source", "data.meter"]


def read_with(path: str, text: str) -> Event | Result:
    """An event with this text in this field."""
    data: dict[str, Any] = {"meter": "cpu_seconds", "quantity": 1}
    event = {"specversion": "1.0", "id": "e1", "source": "metal-7", "type": "tallybook.usage.v1", "data": data}
    event |= {"time": "2026-04-20T12:00:00Z", "subject": "acc-1"}
    fields, name = (data, path[5:]) if path.startswith("data.") else (event, path)
    fields[name] = text
    (read,) = read_events(json.dumps(event).encode())
    return read


@pytest.mark.parametrize("path", FIELDS)
@pytest.mark.parametrize(
    "text", [" ", "\u200b", "\u3164", "\u2800 \u00ad", "a\u0000", "a\nb", "a\tb", "a\u007f", "é\u0085", "é\u001b[31m"]
)
def test_text_that_is_invisible_or_has_control_characters_is_rejected(path: str, text: str) -> None:
    read = read_with(path, text)
    assert isinstance(read, Result)
    assert str(read.reason).startswith(f"{path} must be ")


@pytest.mark.parametrize("path", FIELDS)
@pytest.mark.parametrize("text", ["a b", " a", "a\u3164b", "Größe", "日本", "~!@$%^&*()", "a/b?c=d"])
def test_other_text_is_accepted_as_it_is(path: str, text: str) -> None:
    assert isinstance(read_with(path, text), Event)


@pytest.mark.parametrize("path", LENIENT)
@pytest.mark.parametrize("text", ["a\u200bb", "\u202eb", "a#b:c", "a\u2028b", "👩\u200d💻"])
def test_an_id_source_or_meter_may_have_invisible_characters_among_others(path: str, text: str) -> None:
    assert isinstance(read_with(path, text), Event)
