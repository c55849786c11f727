"""The kept answer of a request with an idempotency key, for 24 hours. DynamoDB's TTL deletes it, up to days late."""

from datetime import datetime

from boto3.dynamodb.conditions import Attr

from tallybook.domain.errors import Conflict
from tallybook.domain.idempotency import KEPT, KeyedRequest
from tallybook.store import keys
from tallybook.store.commands import NEW, Item, Put


def put_answer(request: KeyedRequest, sealed: bytes, *, at: datetime) -> Put:
    """Keep the answer; Conflict `idempotency_key_in_use` if one is kept that has not expired."""
    return Put(
        keys.idempotency(request.id),
        {"content": request.content, "sealed": sealed, "expires": _seconds(at + KEPT)},
        condition=NEW | Attr("expires").lte(_seconds(at)),
        refusal=Conflict("Another request with this Idempotency-Key came first", code="idempotency_key_in_use"),
    )


def is_kept(item: Item, *, now: datetime) -> bool:
    return bool(item["expires"] > _seconds(now))


def read_content(item: Item) -> str:
    """The hash of the request's method, path and body."""
    return str(item["content"])


def read_sealed(item: Item) -> bytes:
    return bytes(item["sealed"])


def _seconds(instant: datetime) -> int:
    return int(instant.timestamp())
