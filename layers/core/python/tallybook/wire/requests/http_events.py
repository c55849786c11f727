"""Usage events of an HTTP request, in each mode of CloudEvents' HTTP binding.

    structured, batched     the body is one event, or an array of events
    binary                  the attributes are headers that begin with `ce-`, the body is the event's data

Source: docs/decisions.md, "What the platform needs".
"""

import re
from collections.abc import Mapping
from urllib.parse import unquote

from tallybook.domain.usage import Event, Result, UnreadableEvents
from tallybook.wire.requests.cloudevents import check_size, read_event, read_events
from tallybook.wire.requests.event_json import read_event_json

_PREFIX = "ce-"
_QUOTED_PAIR = re.compile(r"\\(.)")


def read_request(headers: Mapping[str, str], body: bytes) -> list[Event | Result]:
    """Each event, or a rejected Result with the reason; the errors of `read_events`.

    UnreadableEvents if there are events and none could be read: the sender probably sends something else.
    """
    submitted = [_read_binary(headers, body)] if _is_binary(headers) else read_events(body)
    unreadable = [item for item in submitted if isinstance(item, Result)]
    if submitted and len(unreadable) == len(submitted):
        raise UnreadableEvents(unreadable)
    return submitted


def allow_origin(headers: Mapping[str, str]) -> dict[str, str]:
    """The headers that answer a sender's handshake: its origin may send events, at any rate.

    A sender asks before its first event, so that it can't be made to flood a server that wants none. The answer gives
    no rights: each request needs a key. Source: CloudEvents, "HTTP 1.1 Web Hooks for Event Delivery", 4.
    """
    allow = {"Allow": "OPTIONS, POST"}
    origin = headers.get("webhook-request-origin")
    return {**allow, "WebHook-Allowed-Origin": origin, "WebHook-Allowed-Rate": "*"} if origin else allow


def _is_binary(headers: Mapping[str, str]) -> bool:
    if headers.get("content-type", "").strip().lower().startswith("application/cloudevents"):
        return False
    return any(name.startswith(_PREFIX) for name in headers)


def _read_binary(headers: Mapping[str, str], body: bytes) -> Event | Result:
    """The event; a Result if a header is not encoded, because two senders could mean different letters by its bytes."""
    check_size(body)
    attributes = {name: value for name, value in headers.items() if name.startswith(_PREFIX)}
    if unclear := next((name for name, value in attributes.items() if not value.isascii()), None):
        return Result("", "rejected", f"{unclear} must be percent-encoded")
    decoded = {name.removeprefix(_PREFIX): _decode(value) for name, value in attributes.items()}
    decoded.pop("data_base64", None)  # no attribute: the data is the body alone
    return read_event({**decoded, "data": read_event_json(body, most=1)})


def _decode(value: str) -> str:
    """Without quotes and percent-encoding. Source: CloudEvents, "HTTP Protocol Binding", 3.1.3.2."""
    quoted = len(value) > 1 and value[0] == value[-1] == '"'
    text = _QUOTED_PAIR.sub(r"\1", value[1:-1]) if quoted else value
    return unquote(text, errors="surrogateescape")
