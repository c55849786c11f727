"""Idempotency keys: a client names a POST; the same POST, sent again, is answered as before and changes nothing.

The answer is kept for 24 hours, sealed with a key that is not stored but derived from the caller's own credential,
because an answer may have a secret: that of a new API key. It is XORed with a keystream of SHAKE-256. This is sound:
the credential has 256 random bits, so nobody without it can compute the keystream; each answer has 32 random bytes of
its own in it, so no keystream is used twice; and nobody but the functions writes the table, so the answer needs no
signature. Each hash begins with its purpose and has the length of each of its parts, so none can pass for another.
"""

import hashlib
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from tallybook.domain.errors import Invalid

HEADER = "Idempotency-Key"
KEPT = timedelta(hours=24)
NONCE_BYTES = 32
_LONGEST_KEY = 255


class KeyedRequest(NamedTuple):
    """A caller's request, if it has an idempotency key.

    `id`: the answer's; it can't be computed without the credential, so nobody else finds the answer. `content`: a hash
    of method, path and body. `seal`: the secret that seals the answer.
    """

    id: str
    content: str
    seal: bytes


class KeptAnswer(NamedTuple):
    """The status and the JSON body of an answer."""

    status: int
    body: Any


if TYPE_CHECKING:  # a protocol costs time at each function's start

    class Presented(Protocol):
        """What is kept of an answer."""

        @property
        def status(self) -> int: ...
        @property
        def body(self) -> Any: ...


type Present[Result] = Callable[[Result], Presented]
"""Presents a result as the answer, before the change is written, so that both are written together."""


class AnsweredBefore(Exception):
    """The request was answered before, with this answer."""

    def __init__(self, answer: KeptAnswer) -> None:
        super().__init__()
        self.answer = answer


def keyed_request(key: str, *, credential: str, method: str, path: str, body: bytes) -> KeyedRequest:
    """`credential` is its text."""
    return KeyedRequest(
        id=_hash("id", credential.encode(), key.encode()).hex(),
        content=_hash("content", method.encode(), path.encode(), body).hex(),
        seal=_hash("seal", credential.encode()),
    )


def check_idempotency_key(key: str | None) -> None:
    """Invalid `Idempotency-Key` unless it has 1 to 255 visible ASCII characters, or is not sent."""
    if key is not None and not (1 <= len(key) <= _LONGEST_KEY and all("!" <= letter <= "~" for letter in key)):
        raise Invalid(f"{HEADER} must have 1 to {_LONGEST_KEY} visible ASCII characters", field=HEADER)


def seal_answer(answer: bytes, request: KeyedRequest, *, nonce: bytes) -> bytes:
    """`nonce`: 32 random bytes, never used before; they are the beginning of the sealed answer."""
    return nonce + _xor(answer, request, nonce)


def open_answer(sealed: bytes, request: KeyedRequest) -> bytes:
    return _xor(sealed[NONCE_BYTES:], request, sealed[:NONCE_BYTES])


def _xor(data: bytes, request: KeyedRequest, nonce: bytes) -> bytes:
    keystream = _hash("keystream", request.seal, nonce, size=len(data))
    return bytes(one ^ other for one, other in zip(data, keystream, strict=True))


def _hash(purpose: str, *parts: bytes, size: int = 32) -> bytes:
    hashed = hashlib.shake_256(f"tallybook idempotency {purpose}\n".encode())
    for part in parts:
        hashed.update(len(part).to_bytes(8) + part)
    return hashed.digest(size)
