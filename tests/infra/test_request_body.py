"""The length of a body is one number: of two, or one that is too long to be a number, none is taken."""

import io
from email.message import Message

import pytest

from infra.local.request_body import BodyRefused, read_body


@pytest.mark.parametrize(
    ("lengths", "status"),
    [(("0", "5"), 400), (("2", "2"), 400), (("9" * 5000,), 413), (("0" * 5000,), 413), (("-1",), 400), (("",), 400)],
    ids=["two", "the same twice", "5,000 digits", "5,000 zeros", "negative", "empty"],
)
def test_a_body_without_one_sane_length_is_refused(lengths: tuple[str, ...], status: int) -> None:
    headers = Message()
    for length in lengths:
        headers["Content-Length"] = length
    with pytest.raises(BodyRefused) as refused:
        read_body(headers, io.BytesIO(b"{}"))
    assert refused.value.status == status
