"""A request with an idempotency key is answered as before: its answer is kept in the transaction of its change.

    ctx.tables.transact([…, *keep_answer(ctx, principal.keyed, present, created, at=now)])

The answer is read together with the credential, so it costs no round trip. Of two requests at once, the second one's
transaction fails; `answered_meanwhile` then reads the answer of the first. A refusal is not kept: nothing has changed,
and a retry is decided again.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime

from tallybook.domain.errors import KeyReused, TallybookError, Unauthenticated, Unavailable
from tallybook.domain.idempotency import (
    NONCE_BYTES,
    AnsweredBefore,
    KeptAnswer,
    KeyedRequest,
    Present,
    open_answer,
    seal_answer,
)
from tallybook.services.context import Context
from tallybook.store import keys
from tallybook.store.commands import Item, Put
from tallybook.store.kept_answers import is_kept, put_answer, read_content, read_sealed
from tallybook.store.keys import Key


def keep_answer[Result](
    ctx: Context, request: KeyedRequest | None, present: Present[Result] | None, result: Result, *, at: datetime
) -> tuple[Put, ...]:
    """The command that keeps the answer; none for a request without an idempotency key."""
    if request is None or present is None:
        return ()
    answer = present(result)
    text = json.dumps([answer.status, answer.body], ensure_ascii=False, separators=(",", ":"))
    sealed = seal_answer(text.encode(), request, nonce=ctx.random_bytes(NONCE_BYTES))
    return (put_answer(request, sealed, at=at),)


def answer_keys(request: KeyedRequest | None) -> tuple[Key, ...]:
    """The key to read with the credential; none for a request without an idempotency key."""
    return () if request is None else (keys.idempotency(request.id),)


def check_unanswered(request: KeyedRequest | None, items: Mapping[Key, Item], *, now: datetime) -> None:
    """AnsweredBefore if the answer is among the items; KeyReused if it is that of another request."""
    for key in answer_keys(request):
        if request is None or key not in items or not is_kept(items[key], now=now):
            return
        if read_content(items[key]) != request.content:
            raise KeyReused("This Idempotency-Key was sent with another request in the last 24 hours")
        raise AnsweredBefore(KeptAnswer(*json.loads(open_answer(read_sealed(items[key]), request))))


@contextmanager
def answered_meanwhile(ctx: Context, request: KeyedRequest | None) -> Iterator[None]:
    """If the same request was answered since the credential was read, raise AnsweredBefore in place of a refusal.

    For what an authenticated caller does: who was suspended before the request gets no answer.
    """
    try:
        yield
    except (Unauthenticated, KeyReused, Unavailable):
        raise
    except TallybookError:
        check_unanswered(request, ctx.tables.get_many(answer_keys(request)), now=ctx.clock.now())
        raise
