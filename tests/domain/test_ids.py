"""New things have UUIDv7 ids; things that exist once have derived ids; the API adds a prefix."""

import uuid
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tallybook.domain.errors import Invalid
from tallybook.domain.ids import ACCOUNT, USER, derived_id, new_id, strip_prefix
from tests.support.hypothesis_settings import deterministic

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@deterministic
@given(milliseconds=st.integers(0, 253_402_300_799_999), entropy=st.binary(min_size=10, max_size=10))
@example(milliseconds=1776688496114, entropy=b"\xff" * 10)
@example(milliseconds=4102444800009, entropy=b"\x00" * 10)
def test_a_new_id_is_a_uuid_of_version_7_that_starts_with_its_millisecond(milliseconds: int, entropy: bytes) -> None:
    new = uuid.UUID(new_id(EPOCH + timedelta(milliseconds=milliseconds), entropy))
    assert (new.version, new.variant) == (7, uuid.RFC_4122)
    assert new.int >> 80 == milliseconds


def test_new_ids_differ_by_their_entropy() -> None:
    assert new_id(EPOCH, b"0123456789") != new_id(EPOCH, b"0123456780")


def test_later_ids_sort_after_earlier_ones() -> None:
    earlier, later = (new_id(EPOCH + timedelta(milliseconds=ms), b"\xff" * 10) for ms in (1, 2))
    assert earlier < later


def test_a_derived_id_depends_only_on_its_cause() -> None:
    assert derived_id("ledger", "a", "welcome") == derived_id("ledger", "a", "welcome")
    assert uuid.UUID(derived_id("ledger", "a")).version == 8


def test_parts_of_a_cause_are_kept_apart() -> None:
    causes = [("ab", "c"), ("a", "bc"), ("abc",), ("a", "b", "c"), ("", "abc"), ("2:ab1:c",)]
    assert len({derived_id(*cause) for cause in causes}) == len(causes)


@pytest.mark.parametrize("own", ["1", "a" * 64, "0190f-AZ", "-"])
def test_a_prefixed_id_is_read_without_its_prefix(own: str) -> None:
    assert strip_prefix(f"acc-{own}", ACCOUNT, field="subject") == own


@pytest.mark.parametrize(
    "text",
    [
        "",
        "acc-",
        "usr-1",
        "ACC-1",
        "1",
        f"acc-{'a' * 65}",
        "acc-a b",
        "acc-a#b",
        "acc-ä",
        "acc-1\n",
        None,
        7,
        ["acc-1"],
    ],
)
def test_a_malformed_id_is_refused_with_its_field(text: object) -> None:
    with pytest.raises(Invalid) as refused:
        strip_prefix(text, ACCOUNT, field="subject")
    assert refused.value.field == "subject"
    assert "subject" in refused.value.message


def test_prefixes_differ() -> None:
    with pytest.raises(Invalid):
        strip_prefix("acc-1", USER, field="user_id")
