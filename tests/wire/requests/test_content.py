"""A body is inflated up to its limit, and no further."""

import gzip
import random
import zlib

import pytest

from tallybook.domain.errors import Invalid, TooLarge, UnknownEncoding
from tallybook.wire.requests.content import read_content
from tests.support.work import peak_bytes

TEXT = b'{"name": "ci"}'
RAW_DEFLATE = zlib.compressobj(wbits=-15)


def test_a_body_without_an_encoding_stays_as_it_is() -> None:
    for encoding in ("", " ", "identity", "Identity"):
        packed = gzip.compress(TEXT)
        assert read_content(packed, encoding, most=1000) == packed
    assert read_content(b"", "gzip", most=10) == b""


def test_deflate_is_read_with_and_without_its_header() -> None:
    raw = RAW_DEFLATE.compress(TEXT) + RAW_DEFLATE.flush()
    assert read_content(raw, "deflate", most=100) == TEXT
    for level in range(10):
        assert read_content(zlib.compress(TEXT, level), "deflate", most=100) == TEXT


def test_gzip_in_several_members_is_read_as_one() -> None:
    assert read_content(b"".join(gzip.compress(bytes([byte])) for byte in TEXT), "gzip", most=1000) == TEXT
    with pytest.raises(Invalid):
        read_content(gzip.compress(b"") * 1000, "gzip", most=100_000)


def test_the_limit_counts_before_and_after_inflating() -> None:
    noise = random.Random(7).randbytes(100)
    assert len(gzip.compress(noise)) > 100
    with pytest.raises(TooLarge):
        read_content(gzip.compress(noise), "gzip", most=100)
    for members in ([b"x" * 1000], [b"x" * 1001], [b"x" * 999, b"xx"], [b"x" * 1000, b"", b"x"]):
        body = b"".join(map(gzip.compress, members))
        if sum(map(len, members)) <= 1000:
            assert read_content(body, "gzip", most=1000) == b"".join(members)
        else:
            with pytest.raises(TooLarge):
                read_content(body, "gzip", most=1000)


def test_a_bomb_takes_no_more_memory_than_the_limit() -> None:
    bomb = gzip.compress(b"\0" * 100_000_000, compresslevel=9)

    def inflate() -> None:
        with pytest.raises(TooLarge):
            read_content(bomb, "gzip", most=1024 * 1024)

    assert peak_bytes(inflate) < 4 * 1024 * 1024


@pytest.mark.parametrize("encoding", ["br", "gzip,deflate", "x-deflate", "none", "g\u0000zip"])
def test_other_encodings_are_unknown(encoding: str) -> None:
    with pytest.raises(UnknownEncoding):
        read_content(TEXT, encoding, most=100)
