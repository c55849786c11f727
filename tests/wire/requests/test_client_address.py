"""Behind CloudFront the client's address is the entry that CloudFront appended; no entry of a client counts."""

import pytest

from tallybook.wire.requests.client_address import came_through, client_address

CLOUDFRONT, CLIENT, FORGED = "130.176.100.154", "203.0.113.7", "198.51.100.1"


def address(forwarded: str | None, *, peer: str = CLOUDFRONT) -> str:
    return client_address({} if forwarded is None else {"x-forwarded-for": forwarded}, peer=peer)


@pytest.mark.parametrize(
    "forwarded",
    [
        f"{CLIENT}, {CLOUDFRONT}",
        f"{CLIENT}",  # if the gateway does not append its peer
        f" {CLIENT} ,{CLOUDFRONT} ",
        f"{FORGED}, {CLIENT}, {CLOUDFRONT}",
        f"{FORGED}, {FORGED}, {CLIENT}",
        f"{CLOUDFRONT}, {CLIENT}, {CLOUDFRONT}",
        f"{FORGED}, {CLOUDFRONT}, {CLIENT}, {CLOUDFRONT}",
        f"unknown, , {CLIENT}, {CLOUDFRONT}",
        f"{CLIENT}:46532, {CLOUDFRONT}",
        f"{CLIENT}, {CLOUDFRONT}:443",
    ],
)
def test_the_entry_of_cloudfront_is_the_client(forwarded: str) -> None:
    assert address(forwarded) == CLIENT


@pytest.mark.parametrize("entry", ["2001:db8::7", "2001:0DB8:0:0::7", "[2001:db8::7]", "[2001:db8::7]:46532"])
def test_an_ipv6_client_is_read_in_each_spelling(entry: str) -> None:
    assert address(f"{FORGED}, {entry}, {CLOUDFRONT}") == "2001:db8::7"
    assert address(f"{FORGED}, {entry}, 2001:DB8::ff", peer="2001:db8::00ff") == "2001:db8::7"


@pytest.mark.parametrize(
    "forwarded", [None, "", CLOUDFRONT, "unknown", f"unknown, {CLOUDFRONT}", f", {CLOUDFRONT}", "1.2.3", "1.2.3.4.5:1"]
)
def test_without_a_readable_entry_it_is_cloudfronts_own(forwarded: str | None) -> None:
    assert address(forwarded) == CLOUDFRONT


def test_an_unreadable_entry_of_cloudfront_is_not_replaced_by_a_clients() -> None:
    assert address(f"{FORGED}, unknown, {CLOUDFRONT}") == CLOUDFRONT


def test_only_the_whole_secret_shows_that_a_request_came_through() -> None:
    assert came_through({"x-tallybook-edge": "s3cret"}, "s3cret")
    for headers in ({}, {"x-tallybook-edge": ""}, {"x-tallybook-edge": "s3cre"}, {"x-tallybook-edge": "s3cret,s3cret"}):
        assert not came_through(headers, "s3cret")
    assert not came_through({"x-tallybook-edge": "ß"}, "s3cret")
