"""Keys of the platform that runs the metered service, made by the operator."""

from collections.abc import Sequence
from dataclasses import dataclass

from tallybook.domain.accounts import check_name
from tallybook.domain.credentials import SCOPES, SECRET_BYTES, PlatformKey, hash_text, write_platform_text
from tallybook.domain.errors import Invalid
from tallybook.domain.ids import PLATFORM_KEY
from tallybook.services.context import Context
from tallybook.store.audit import put_operator_entry
from tallybook.store.credentials import put_platform_key


@dataclass(frozen=True, slots=True)
class CreatedPlatformKey:
    key: PlatformKey
    text: str


def create_platform_key(ctx: Context, *, name: str, scopes: Sequence[str]) -> CreatedPlatformKey:
    """A key with these scopes; its secret is told once."""
    check_name(name)
    unknown = [scope for scope in scopes if scope not in SCOPES]
    if unknown or not scopes:
        raise Invalid(f"scopes must be one or more of {', '.join(SCOPES)}", field="scopes")
    now = ctx.clock.now()
    key_id = ctx.new_id(now)
    text = write_platform_text(key_id=key_id, secret=ctx.random_bytes(SECRET_BYTES))
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
