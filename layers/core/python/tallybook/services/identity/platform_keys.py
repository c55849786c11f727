"""Platform keys, created by the operator."""

from collections.abc import Sequence
from dataclasses import dataclass

from tallybook.domain.credentials import SCOPES, SECRET_BYTES, PlatformKey, format_platform_key, hash_text
from tallybook.domain.errors import Invalid
from tallybook.domain.ids import PLATFORM_KEY
from tallybook.domain.text_rules import check_name
from tallybook.services.context import Context
from tallybook.store.audit import put_operator_entry
from tallybook.store.credentials import put_platform_key


@dataclass(frozen=True, slots=True)
class CreatedPlatformKey:
    """`text` is the secret."""

    key: PlatformKey
    text: str


def create_platform_key(ctx: Context, *, name: str, scopes: Sequence[str]) -> CreatedPlatformKey:
    """A key with these scopes; Invalid `invalid_name`, or `scopes` if one is unknown or there is none."""
    check_name(name)
    unknown = [scope for scope in scopes if scope not in SCOPES]
    if unknown or not scopes:
        raise Invalid(f"scopes must be one or more of {', '.join(SCOPES)}", field="scopes")
    now = ctx.clock.now()
    key_id = ctx.new_id(now)
    text = format_platform_key(key_id=key_id, secret=ctx.random_bytes(SECRET_BYTES))
    key = PlatformKey(
        id=key_id, name=name, scopes=tuple(dict.fromkeys(scopes)), secret_hash=hash_text(text), created_at=now
    )
    entry = put_operator_entry(
        ctx.new_id(now),
        at=now,
        action="platform_key.created",
        target=PLATFORM_KEY + key.id,
        after={"name": key.name, "scopes": list(key.scopes)},
    )
    ctx.tables.transact([put_platform_key(key), entry])
    return CreatedPlatformKey(key, text)
