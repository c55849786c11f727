"""Reads the body of an HTTP request, of a known length or in chunks, as API Gateway does."""

from email.message import Message
from typing import BinaryIO

MAX_BODY = 10 * 1024 * 1024  # API Gateway's limit
_MAX_LINE = 1024
_MAX_DIGITS = 20  # Python reads no number of more than 4,300


class BodyRefused(Exception):
    """The status and message of the answer. What follows on the connection can't be read."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


def read_body(headers: Message, stream: BinaryIO) -> bytes:
    coding, length = headers.get("Transfer-Encoding"), headers.get("Content-Length", "0")
    if coding is not None and (coding.strip().lower() != "chunked" or "Content-Length" in headers):
        raise BodyRefused(400, "Bad Request")
    if coding is not None:
        return _read_chunks(stream)
    is_one = len(headers.get_all("Content-Length", [])) <= 1
    if not (is_one and length.isascii() and length.isdecimal()):
        raise BodyRefused(400, "Bad Request")
    if len(length) > _MAX_DIGITS or int(length) > MAX_BODY:
        raise BodyRefused(413, "Request Too Long")
    return _read_exactly(stream, int(length))


def _read_chunks(stream: BinaryIO) -> bytes:
    """The chunks' content. Source: RFC 9112, 7.1; extensions and trailers are ignored."""
    body = b""
    while size := _size(_read_line(stream).partition(b";")[0].strip()):
        if len(body) + size > MAX_BODY:
            raise BodyRefused(413, "Request Too Long")
        body += _read_exactly(stream, size)
        if _read_line(stream):
            raise BodyRefused(400, "Bad Request")
    while _read_line(stream):
        pass
    return body


def _read_exactly(stream: BinaryIO, length: int) -> bytes:
    content = stream.read(length)
    if len(content) < length:  # the client has hung up
        raise BodyRefused(400, "Bad Request")
    return content


def _size(digits: bytes) -> int:
    try:
        if digits.isalnum():
            return int(digits, 16)
    except ValueError:
        pass
    raise BodyRefused(400, "Bad Request")


def _read_line(stream: BinaryIO) -> bytes:
    line = stream.readline(_MAX_LINE)
    if not line.endswith(b"\r\n"):
        raise BodyRefused(400, "Bad Request")
    return line.removesuffix(b"\r\n")
