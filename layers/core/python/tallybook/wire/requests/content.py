"""A request's body as it was before its Content-Encoding: gzip or deflate, which many clients use for batches."""

from typing import TYPE_CHECKING

from tallybook.domain.errors import Invalid, TooLarge, UnknownEncoding
from tallybook.wire.response import ENCODINGS

if TYPE_CHECKING:
    import zlib

_MOST_MEMBERS = 64
_GZIP, _ZLIB, _RAW_DEFLATE = 31, 15, -15  # zlib's `wbits`


def read_content(body: bytes, encoding: str, *, most: int) -> bytes:
    """The body, inflated if `encoding` says that it is compressed; no more than `most` bytes are ever inflated.

    TooLarge over `most` bytes, before or after inflating; UnknownEncoding for any other encoding, or two of them;
    Invalid if the body is not compressed in this way, or is cut short.
    """
    if not body:
        return body
    name = encoding.strip().lower()
    name = "gzip" if name == "x-gzip" else name
    if name not in ("", "identity", *ENCODINGS):
        raise UnknownEncoding(f"Content-Encoding must be {' or '.join(ENCODINGS)}, or left out")
    _check_size(body, most)
    if name in ("", "identity"):
        return body
    return _inflate(body, name, most=most)


def _inflate(body: bytes, name: str, *, most: int) -> bytes:
    import zlib  # noqa: PLC0415 few requests are compressed

    content = b""
    try:
        for _ in range(_MOST_MEMBERS):  # gzip may have several members, one after the other
            inflating = zlib.decompressobj(_GZIP if name == "gzip" else _deflate_format(body))
            content += inflating.decompress(body, most + 1 - len(content))
            _check_size(content, most)
            body = _rest(inflating, name)
            if not body:
                return content
    except zlib.error:
        pass
    raise _not_compressed(name)


def _rest(inflating: "zlib._Decompress", name: str) -> bytes:
    """The bytes after the member that has just ended."""
    if not inflating.eof or (name != "gzip" and inflating.unused_data):
        raise _not_compressed(name)
    return inflating.unused_data


def _deflate_format(body: bytes) -> int:
    """Deflate means zlib's format, but some clients send it without zlib's two bytes. Source: RFC 1950, section 2.2."""
    has_header = len(body) > 1 and body[0] & 0x0F == 8 and int.from_bytes(body[:2]) % 31 == 0
    return _ZLIB if has_header else _RAW_DEFLATE


def _check_size(content: bytes, most: int) -> None:
    if len(content) > most:
        raise TooLarge(f"The request body must be at most {most} bytes")


def _not_compressed(name: str) -> Invalid:
    """API Gateway takes a body for text by its type, and then replaces the bytes that are no text."""
    return Invalid(
        f"The body is not valid {name}, as its Content-Encoding says. If it was when you sent it, send it with"
        " Content-Type: application/octet-stream, because API Gateway reads application/json as text"
    )
