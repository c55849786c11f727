"""Reads a stream of CloudEvents, one JSON text a line, in batches that fit into one request."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

from tallybook.domain.errors import Invalid
from tallybook.wire.requests.cloudevents import MAX_BYTES, MAX_EVENTS
from tallybook.wire.requests.event_json import RepeatedKey, find_unreadable, read_event_json
from tallybook.wire.requests.json_values import describe_repeated

_BRACKETS = 2


@dataclass(frozen=True, slots=True)
class Line:
    """A line's number from 1, its event's unchanged text, and the offset of its end in the file."""

    number: int
    event: bytes
    end: int = 0


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that can't be sent, and the reason."""

    number: int
    reason: str


def read_lines(stream: BinaryIO) -> Iterator[Line | BadLine]:
    """Each line that is not blank. At most 1 MiB of a line is kept in memory."""
    number = end = 0
    while raw := stream.readline(MAX_BYTES + 1):
        number += 1
        end += len(raw)
        whole = raw.endswith(b"\n") or len(raw) <= MAX_BYTES
        while not whole:
            rest = stream.readline(MAX_BYTES)
            end += len(rest)
            whole = rest.endswith(b"\n") or not rest
            raw = b""
        if not raw:
            yield BadLine(number, "the line is too long")
        elif found := _read(raw, number, end):
            yield found


def batches(lines: Iterable[Line]) -> Iterator[list[Line]]:
    """Batches that are at most 1,000 events and 1 MiB as a JSON array."""
    batch: list[Line] = []
    size = _BRACKETS
    for line in lines:
        if batch and (len(batch) == MAX_EVENTS or size + len(line.event) + 1 > MAX_BYTES):
            yield batch
            batch, size = [], _BRACKETS
        batch.append(line)
        size += len(line.event) + 1
    if batch:
        yield batch


def as_array(batch: Iterable[Line]) -> bytes:
    """The unchanged lines as a JSON array: parsing them could change numbers."""
    return b"[" + b",".join(line.event for line in batch) + b"]"


def _read(raw: bytes, number: int, end: int) -> Line | BadLine | None:
    try:
        text = raw.decode("utf-8-sig" if number == 1 else "utf-8").strip()
        if not text:
            return None
        value = read_event_json(text)
        if isinstance(value, RepeatedKey):
            return BadLine(number, describe_repeated(value.key))
        field = find_unreadable(value)
    except (UnicodeDecodeError, Invalid):
        return BadLine(number, "the line is not JSON")
    if field is not None:
        return BadLine(number, f"{field} has a value that can't be sent")
    event = text.encode()
    if len(event) + _BRACKETS > MAX_BYTES:
        return BadLine(number, "the line is too long")
    return Line(number, event, end)
