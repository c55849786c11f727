"""Usage events as CloudEvents 1.0 JSON: one event or an array, at most 1,000.

A value that can't be rejects its event, not the others; in a field that no event has, it is ignored.
Standard library only, because `usage_queue` reads events too and must start fast.
Source: docs/decisions.md, "What the platform needs".
"""

import re
from base64 import b64decode
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from tallybook.domain.errors import Invalid, TooLarge
from tallybook.domain.ids import ACCOUNT, USER, strip_prefix
from tallybook.domain.money import places
from tallybook.domain.times import parse_instant
from tallybook.domain.usage import MAX_DECIMALS, Event, Result
from tallybook.wire.requests.event_json import RepeatedKey, is_readable, read_event_json
from tallybook.wire.requests.json_values import describe_repeated

MAX_EVENTS = 1000
MAX_BYTES = 1024 * 1024
TYPE = "tallybook.usage.v1"
_DECIMAL = r"[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?"
_MAX_QUANTITY = Decimal(10) ** 15
_MAX_TEXT = 256
_MAX_LABEL = 64


def read_events(body: bytes | str) -> list[Event | Result]:
    """Each element as an Event, or as a rejected Result with the reason.

    Invalid if the body as a whole is wrong: no JSON, neither object nor array, or over 1,000 events; TooLarge over
    1 MiB. An empty array is a batch without events.
    """
    check_size(body)
    data = read_event_json(body, most=MAX_EVENTS)
    elements = data if isinstance(data, list) else [data]
    if not isinstance(data, list | dict):
        raise Invalid("The body must be a CloudEvent or an array of CloudEvents")
    if len(elements) > MAX_EVENTS:
        raise Invalid(f"A request must hold at most {MAX_EVENTS} events")
    return [read_event(element) for element in elements]


def read_event(element: Any) -> Event | Result:
    """The event of a CloudEvent in its JSON format, or a rejected Result with the reason."""
    try:
        return _read(element)
    except Invalid as error:
        id = element.get("id") if isinstance(element, Mapping) else None
        return Result(id if isinstance(id, str) and is_readable(id) else "", "rejected", error.message)


def check_size(body: bytes | str) -> None:
    if len(body) > MAX_BYTES:
        raise TooLarge(f"The request body must be at most {MAX_BYTES} bytes")


def check_source(value: Any) -> str:
    """The source of an event: 1 to 256 characters, none of control, at least one visible; Invalid."""
    return _check_text(value, field="source", longest=_MAX_TEXT)


def check_label(value: Any, *, field: str) -> str:
    """A session, app or sku of an event: 1 to 64 printable characters, at least one visible, no # and :; Invalid."""
    label = _check_text(value, field=field, longest=_MAX_LABEL)
    if "#" in label or ":" in label or not label.isprintable():
        raise Invalid(f"{field} must be printable, without # and :", field=field)
    return label


def _read(element: Any) -> Event:
    if not isinstance(element, Mapping):
        raise Invalid("an event must be an object")
    _check_keys(element)
    if element.get("specversion") != "1.0":
        raise Invalid('specversion must be "1.0"', field="specversion")
    if element.get("type") != TYPE:
        raise Invalid(f'type must be "{TYPE}"', field="type")
    data = _data(element)
    user_id = data.get("user_id")
    return Event(
        id=_check_text(element.get("id"), field="id", longest=_MAX_TEXT),
        source=check_source(element.get("source")),
        time=_time(element.get("time")),
        account_id=strip_prefix(element.get("subject"), ACCOUNT, field="subject"),
        meter=_check_text(data.get("meter"), field="data.meter", longest=_MAX_LABEL),
        quantity=_quantity(data.get("quantity")),
        user_id=None if user_id is None else strip_prefix(user_id, USER, field="data.user_id"),
        session_id=_optional(data, "session_id"),
        app_id=_optional(data, "app_id"),
        sku=_optional(data, "sku"),
    )


def _data(element: Mapping[str, Any]) -> Mapping[str, Any]:
    """The event's data: embedded, or as JSON in Base64, as senders write what they hold as bytes."""
    data = element.get("data")
    if data is None and "data_base64" in element:
        data = _decode(element["data_base64"])
    if not isinstance(data, Mapping):
        raise Invalid("data must be an object", field="data")
    _check_keys(data)  # not part of the event's own JSON, if it came as bytes
    return data


def _check_keys(fields: Mapping[str, Any]) -> None:
    if isinstance(fields, RepeatedKey):
        raise Invalid(describe_repeated(fields.key))


def _decode(text: Any) -> Any:
    try:
        return read_event_json(b64decode(text, validate=True), most=1)
    except (TypeError, ValueError, Invalid) as error:
        raise Invalid("data_base64 must be JSON in Base64", field="data_base64") from error


def _optional(data: Mapping[str, Any], name: str) -> str | None:
    value = data.get(name)
    return None if value is None else check_label(value, field=f"data.{name}")


def _check_text(value: Any, *, field: str, longest: int) -> str:
    if not isinstance(value, str) or not 1 <= len(value) <= longest or not is_readable(value) or not _is_shown(value):
        raise Invalid(
            f"{field} must be a string of 1 to {longest} characters that can be seen",
            field=field,
        )
    return value


def _is_shown(value: str) -> bool:
    if value.isascii():
        return value.isprintable() and not value.isspace()
    from tallybook.domain.text_rules import is_shown  # noqa: PLC0415 rare, and usage_queue must start fast

    return is_shown(value)


def _time(value: Any) -> Any:
    try:
        return parse_instant(value)
    except (TypeError, ValueError) as error:
        raise Invalid("time must be an RFC 3339 time with an offset", field="time") from error


def _quantity(value: Any) -> Decimal:
    rule = "data.quantity must be a number or a decimal string, above 0, at most 10^15, at most 9 decimals"
    if isinstance(value, bool) or not isinstance(value, int | str | Decimal):
        raise Invalid(rule, field="data.quantity")
    if isinstance(value, str) and not re.fullmatch(_DECIMAL, value):
        raise Invalid(rule, field="data.quantity")
    try:
        quantity = Decimal(value)
    except InvalidOperation as error:
        raise Invalid(rule, field="data.quantity") from error
    if not 0 < quantity <= _MAX_QUANTITY or places(quantity) > MAX_DECIMALS:
        raise Invalid(rule, field="data.quantity")
    return quantity.normalize()
