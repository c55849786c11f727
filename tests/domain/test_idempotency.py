"""A kept answer opens only with its own request's credential, and its sealed form shows nothing of it."""

from secrets import token_bytes

import pytest

from tallybook.domain.credentials import hash_text
from tallybook.domain.errors import Invalid
from tallybook.domain.idempotency import (
    NONCE_BYTES,
    KeyedRequest,
    check_idempotency_key,
    keyed_request,
    open_answer,
    seal_answer,
)

ANSWER = b'[201,{"api_key":"sk-secret"}]'


def keyed(
    key: str = "1",
    *,
    credential: str = "sk-a",
    method: str = "POST",
    path: str = "/v1/budgets",
    body: bytes = b"{}",
) -> KeyedRequest:
    return keyed_request(key, credential=credential, method=method, path=path, body=body)


@pytest.mark.parametrize("answer", [b"", b"1", ANSWER, bytes(range(256)) * 40], ids=len)
def test_a_sealed_answer_opens_with_the_same_credential(answer: bytes) -> None:
    sealed = seal_answer(answer, keyed(), nonce=token_bytes(NONCE_BYTES))
    assert open_answer(sealed, keyed()) == answer
    assert open_answer(sealed, keyed(body=b"other")) == answer
    assert len(sealed) == len(answer) + NONCE_BYTES


def test_another_credential_does_not_open_it() -> None:
    sealed = seal_answer(ANSWER, keyed(), nonce=token_bytes(NONCE_BYTES))
    assert open_answer(sealed, keyed(credential="sk-b")) != ANSWER


def test_equal_answers_are_sealed_differently_and_show_nothing() -> None:
    sealed = {seal_answer(bytes(1000), keyed(), nonce=token_bytes(NONCE_BYTES)) for _ in range(20)}
    assert len({text[NONCE_BYTES:] for text in sealed}) == 20
    assert all(len(set(text[NONCE_BYTES:])) > 200 for text in sealed), "a keystream looks random"


def test_the_id_depends_on_credential_and_key_only() -> None:
    ids = [keyed(), keyed(credential="sk-b"), keyed("2"), keyed("k-a1", credential="s"), keyed("", credential="sk-a1")]
    assert len({one.id for one in ids}) == len(ids)
    assert {keyed(method="PUT").id, keyed(path="/").id, keyed(body=b"").id} == {keyed().id}


def test_the_content_depends_on_method_path_and_body_only() -> None:
    contents = [
        keyed(),
        keyed(method="PUT"),
        keyed(path="/v1/budget", body=b"s{}"),
        keyed(body=b"{} "),
        keyed(body=b""),
    ]
    assert len({one.content for one in contents}) == len(contents)
    assert {keyed("2").content, keyed(credential="sk-b").content} == {keyed().content}


def test_id_content_and_seal_differ_from_the_stored_hash_of_the_credential() -> None:
    request = keyed("", credential="sk-a", method="", path="", body=b"")
    assert len({request.id, request.content, request.seal.hex(), hash_text("sk-a")}) == 4


@pytest.mark.parametrize("key", [None, "!", "~", "a" * 255])
def test_a_key_of_1_to_255_visible_characters_is_valid(key: str | None) -> None:
    check_idempotency_key(key)


@pytest.mark.parametrize("key", ["", " ", "a b", "a" * 256, "é", "\n", "\x7f"])
def test_any_other_key_is_invalid(key: str) -> None:
    with pytest.raises(Invalid) as refused:
        check_idempotency_key(key)
    assert refused.value.field == "Idempotency-Key"
