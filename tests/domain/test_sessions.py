"""The platform chooses a session's id, from plain characters."""

import pytest

from tallybook.domain.errors import Invalid
from tallybook.domain.sessions import check_session_id


@pytest.mark.parametrize("text", ["s", "sbx_1-A", "0" * 64])
def test_a_session_id_has_1_to_64_plain_characters(text: str) -> None:
    assert check_session_id(text) == text


@pytest.mark.parametrize("text", ["", "0" * 65, "a b", "a#b", "a:b", "a/b", "ä", "a\n"])
def test_any_other_session_id_is_refused(text: str) -> None:
    with pytest.raises(Invalid) as refused:
        check_session_id(text)
    assert refused.value.field == "session_id"
