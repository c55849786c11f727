"""Reads files as other systems write them: gzip, UTF-16 of PowerShell, a byte order mark; names what it can't read."""

import codecs
import gzip
import io
from collections.abc import Callable
from typing import Any, BinaryIO

from tallybook.cli.stop import Stop

_HEAD = 6
_GZIP = b"\x1f\x8b"
_OTHERS = {
    b"PK\x03\x04": "a zip archive",
    b"BZh": "bzip2",
    b"\xfd7zXZ": "xz",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"\xff\xfe\x00\x00": "UTF-32",
    b"\x00\x00\xfe\xff": "UTF-32",
}


def plain_text(stream: Any, *, name: str, found: Callable[[str], None] = lambda _: None) -> BinaryIO:
    """The stream as UTF-8 bytes; `found` is told of "gzip" and "UTF-16". Stop if it has another known format."""
    head = stream.read(_HEAD)
    rest = io.BufferedReader(_Joined(head, stream))
    for start, format in _OTHERS.items():
        if head.startswith(start):
            raise Stop(f"{name} is {format}, which can't be read: convert it first")
    if head.startswith(_GZIP):
        found("gzip")
        return plain_text(gzip.GzipFile(fileobj=rest), name=name, found=found)
    if encoding := _encoding(head):
        found("UTF-16")
        return io.BufferedReader(_Recoded(rest, encoding))
    return rest


def decode_text(content: bytes, *, name: str) -> str:
    """The text of a whole file, without a byte order mark. UnicodeDecodeError if it is none."""
    return plain_text(io.BytesIO(content), name=name).read().decode("utf-8-sig")


def _encoding(head: bytes) -> str | None:
    """Of UTF-16 with a byte order mark, or of an ASCII character without one; None for UTF-8."""
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if len(head) > 1 and bool(head[0]) != bool(head[1]):
        return "utf-16-le" if head[0] else "utf-16-be"
    return None


class _Joined(io.RawIOBase):
    """The head that was read already, then the rest."""

    def __init__(self, head: bytes, rest: Any) -> None:
        self._head = head
        self._rest = rest

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        part = self._head[: len(buffer)] if self._head else self._rest.read1(len(buffer))
        self._head = self._head[len(part) :]
        buffer[: len(part)] = part
        return len(part)


class _Recoded(io.RawIOBase):
    """UTF-8 of a stream in another encoding."""

    def __init__(self, stream: BinaryIO, encoding: str) -> None:
        self._stream: Any = stream
        self._decoder = codecs.getincrementaldecoder(encoding)()
        self._ready = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._ready:
            chunk = self._stream.read1(65536)
            self._ready = self._decoder.decode(chunk, final=not chunk).encode()
            if not chunk:
                break
        part, self._ready = self._ready[: len(buffer)], self._ready[len(buffer) :]
        buffer[: len(part)] = part
        return len(part)
