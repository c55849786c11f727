"""A password token holds its user's ids, is valid for an hour or a week, and is stored as a hash."""

import base64
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tallybook.domain.credentials import hash_text
from tallybook.domain.errors import Invalid
from tallybook.domain.passwords import Purpose, new_token, owner_of, valid_token

NOW = datetime(2026, 4, 20, 12, tzinfo=UTC)
ACCOUNT, USER = "019daae2-fd80-7db1-afd2-c65749c80317", "019daae2-fd80-7dcf-a216-837db6539549"


def token(purpose: Purpose = "reset"):
    return new_token(account_id=ACCOUNT, user_id=USER, purpose=purpose, now=NOW, secret=b"s" * 32)


def test_a_tokens_text_has_its_owner_and_its_item_only_the_hash() -> None:
    stored, text = token()
    assert owner_of(text) == (ACCOUNT, USER)
    assert stored.secret_hash == hash_text(text)
    assert text not in repr(stored)
    assert stored.secret_hash not in repr(stored)


@pytest.mark.parametrize(("purpose", "life"), [("reset", timedelta(hours=1)), ("invitation", timedelta(days=7))])
def test_a_token_is_valid_until_its_life_ends(purpose: Purpose, life: timedelta) -> None:
    stored, text = token(purpose)
    assert valid_token([stored], text=text, now=NOW + life - timedelta(milliseconds=1)) == stored
    with pytest.raises(Invalid):
        valid_token([stored], text=text, now=NOW + life)


def test_a_wrong_secret_is_refused_like_an_expired_token() -> None:
    stored, text = token()
    refusals = []
    for other, now in ((text[:-6] + "AAAAAA", NOW), (text, NOW + timedelta(hours=2))):
        with pytest.raises(Invalid) as refused:
            valid_token([stored], text=other, now=now)
        refusals.append((refused.value.code, refused.value.message, refused.value.field))
    assert refusals[0] == refusals[1]
    assert valid_token([replace(stored)], text=text, now=NOW) == stored


@pytest.mark.parametrize(
    "text",
    ["", "pwt_", "nonsense", "pwt_AAAA", "sk-" + "A" * 86, "pwt_é", "pwt_" + base64.b64encode(b"x" * 65).decode()],
)
def test_a_malformed_token_is_refused(text: str) -> None:
    with pytest.raises(Invalid) as refused:
        owner_of(text)
    assert (refused.value.code, refused.value.field) == ("invalid_token", "token")
