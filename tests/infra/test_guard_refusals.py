"""What the emulated cloud's own port answers to a crafted request: nothing of the emulator, and nothing to sniff."""

import json
import socket
from collections.abc import Iterator

import pytest

from infra.local.cloud import Cloud, ministack

HOST = b"Host: localhost\r\n"
LONG = b"x" * 70_000
UPGRADE = b"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
SIGNED_BY_NOBODY = (
    b"Authorization: AWS4-HMAC-SHA256 Credential=%b/20260101/eu-west-1/sqs/aws4_request, SignedHeaders=%b, "
)


@pytest.fixture(scope="module")
def cloud() -> Iterator[Cloud]:
    with ministack() as cloud:
        yield cloud


@pytest.mark.parametrize(
    ("request_head", "status"),
    [
        (b"TRACE / HTTP/1.1\r\n" + HOST, 403),
        (b"FOO / HTTP/1.1\r\n" + HOST, 403),
        (b"OPTIONS / HTTP/1.1\r\n" + HOST, 403),
        (b"CONNECT localhost:1 HTTP/1.1\r\n" + HOST, 403),
        (b"GET / HTTP/1.1\r\n" + HOST + b"X: a\x00b\r\n", 400),
        (b"GET / HTTP/1.1\r\n" + HOST + b"X: " + LONG + b"\r\n", 431),
        (b"GET /" + LONG + b" HTTP/1.1\r\n" + HOST, 431),
        (b"GET / HTTP/1.1\r\n" + HOST + HOST, 400),
        (b"GET / HTTP/1.1\r\n", 400),
        (b"<script>\r\n", 400),
        (b"GET /\xff HTTP/1.1\r\n" + HOST, 400),
        (b"GET / HTTP/1.1\r\n" + HOST + UPGRADE + b"Sec-WebSocket-Version: 13\r\n", 403),
        (b"GET / HTTP/1.1\r\n" + HOST + SIGNED_BY_NOBODY % (b"test", b"\xff") + b"Signature=00\r\n", 403),
        (b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: x\r\n", 400),
    ],
)
def test_a_crafted_request_shows_nothing_of_the_emulator(cloud: Cloud, request_head: bytes, status: int) -> None:
    head, content = _ask(cloud, request_head + b"\r\n")
    assert head.startswith(f"http/1.1 {status} ")
    assert head.count("x-content-type-options: nosniff") == 1
    assert "\r\nserver:" not in head
    assert "amz" not in head
    assert content == b"" or set(json.loads(content)) == {"message"}


@pytest.mark.parametrize("key", [b"test", b"000000000000", b"AKIAUNKNOWN", b""])
def test_the_body_of_an_unknown_key_is_not_awaited(cloud: Cloud, key: bytes) -> None:
    """The body never comes, so an answer shows that nobody waits for it."""
    signed = SIGNED_BY_NOBODY % (key, b"host") + b"Signature=00\r\nX-Amz-Date: 20260101T000000Z\r\n"
    for authorization in (signed, b"Authorization: x\r\n"):
        head, content = _ask(cloud, b"POST / HTTP/1.1\r\n" + HOST + authorization + b"Content-Length: 1000000\r\n\r\n")
        assert head.startswith("http/1.1 403 ")
        assert b"only the credentials in .local/env" in content


def test_an_answer_to_the_bundle_itself_is_not_sniffed_either(cloud: Cloud) -> None:
    with cloud.open("/_ministack/health") as answer:
        assert answer.headers.get_all("X-Content-Type-Options") == ["nosniff"]
        assert "Server" not in answer.headers


def _ask(cloud: Cloud, request: bytes) -> tuple[str, bytes]:
    """The head of the answer in lower case, and the body."""
    with socket.create_connection(("127.0.0.1", int(cloud.endpoint.rpartition(":")[2])), timeout=5) as connection:
        connection.sendall(request)
        with connection.makefile("rb") as stream:
            head = b""
            while (line := stream.readline()) not in (b"\r\n", b""):
                head += line
            lines = head.decode("latin-1").lower()
            length = next(int(line.split(": ")[1]) for line in lines.splitlines() if line.startswith("content-length"))
            return lines, stream.read(length)
