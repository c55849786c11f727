"""A password is the same however its characters are composed, and a hash of an earlier release still matches."""

import base64
import hashlib

import bcrypt
import pytest

from tallybook.services.identity.password_hashing import hash_password, password_matches

COMPOSED, DECOMPOSED = "pässwörd für Ada", "pa\u0308sswo\u0308rd fu\u0308r Ada"
ROUNDS = 4


@pytest.fixture
def checks(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """The digests that were checked."""
    digests: list[bytes] = []
    check = bcrypt.checkpw
    monkeypatch.setattr(bcrypt, "checkpw", lambda digest, stored: digests.append(digest) or check(digest, stored))
    return digests


def hash_of_earlier_release(password: str) -> str:
    digest = base64.b64encode(hashlib.sha256(password.encode()).digest())
    return bcrypt.hashpw(digest, bcrypt.gensalt(ROUNDS)).decode()


@pytest.mark.parametrize("chosen", [COMPOSED, DECOMPOSED])
@pytest.mark.parametrize("typed", [COMPOSED, DECOMPOSED])
def test_a_password_matches_in_both_forms(chosen: str, typed: str) -> None:
    assert password_matches(typed, hash_password(chosen, rounds=ROUNDS), rounds=ROUNDS)


@pytest.mark.parametrize("password", [COMPOSED, DECOMPOSED, "plain and long", "a\u0308" * 1024])
def test_a_hash_of_an_earlier_release_matches_what_was_typed_then(password: str) -> None:
    assert password_matches(password, hash_of_earlier_release(password), rounds=ROUNDS)
    assert not password_matches(password + "x", hash_of_earlier_release(password), rounds=ROUNDS)


@pytest.mark.parametrize("known", [False, True])
@pytest.mark.parametrize(
    ("typed", "count"),
    [(COMPOSED, 1), ("ascii only", 1), (DECOMPOSED, 2), ("\u0308\u0323" * 30_000, 1)],
    ids=["composed", "ascii", "decomposed", "too long"],
)
def test_a_wrong_password_costs_the_same_with_and_without_a_user(
    checks: list[bytes], known: bool, typed: str, count: int
) -> None:
    stored = hash_of_earlier_release("another password") if known else None
    assert not password_matches(typed, stored, rounds=ROUNDS)
    assert len(checks) == count
