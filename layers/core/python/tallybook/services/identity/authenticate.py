"""Identifies the caller: one strongly consistent read of the credential, its user and their account."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from tallybook.domain.credentials import (
    PlatformCaller,
    PlatformKey,
    Principal,
    Scope,
    check_credential,
    check_platform_key,
    check_still_valid,
    hash_text,
    invalid_credential,
    parse_credential,
    parse_platform_key,
)
from tallybook.domain.errors import Forbidden, Unavailable
from tallybook.domain.idempotency import KeyedRequest
from tallybook.domain.times import stamp
from tallybook.services.context import Context
from tallybook.services.kept_answers import answer_keys, check_unanswered
from tallybook.store import keys
from tallybook.store.accounts import read_account
from tallybook.store.commands import Item, Update
from tallybook.store.conflicts import WriteConflict
from tallybook.store.credentials import credential_keys, key_of, read_credential
from tallybook.store.keys import Key
from tallybook.store.platform_keys import note_use, read_platform_key
from tallybook.store.table import MAX_KEYS
from tallybook.store.users import read_user

_FEW_ITEMS = 10
_RECORD_USE_EVERY = timedelta(hours=1)


def authenticate(
    ctx: Context, text: str, *, address: str | None = None, keyed: KeyedRequest | None = None
) -> Principal:
    """The caller whose API key or sign-in session this is; Unauthenticated if it is invalid, Forbidden for a user who
    is suspended or disabled.

    `keyed`: their request, if it has an idempotency key; AnsweredBefore, KeyReused. Writes an API key's `last_used_at`,
    at most once an hour.
    """
    item_keys = credential_keys(parse_credential(text))
    items = ctx.tables.get_many([*item_keys, *answer_keys(keyed)])
    principal = _principal(items, item_keys, address, keyed)
    now = ctx.clock.now()
    check_credential(principal, text=text, now=now)
    _record_use(ctx, principal, now)
    check_unanswered(keyed, items, now=now)
    return principal


def reread(ctx: Context, principal: Principal) -> Principal:
    """Read the caller again, after a write conflict; errors as in `authenticate` if the credential has ended."""
    credential = principal.credential
    own = key_of(credential.kind, credential.account_id, credential.id)
    item_keys = (own, keys.user(principal.account.id, principal.user.id), keys.account(principal.account.id))
    current = _principal(ctx.tables.get_many(item_keys), item_keys, principal.address, principal.keyed)
    return check_still_valid(current, now=ctx.clock.now())


def authorize_platform(
    ctx: Context, platform: PlatformCaller, scope: Scope, *, also: Iterable[Key] = ()
) -> tuple[PlatformKey, Mapping[Key, Item]]:
    """The platform key if it has the scope, and the items of the keys in `also` that exist.

    Unauthenticated, or Forbidden `missing_scope`; AnsweredBefore, KeyReused. The first 98 items come in the same round
    trip as the key; but many items are only read once this process has seen the key valid, so that a made-up one costs
    little. Every call reads and checks the key again: a revoked one is refused at once. Writes the key's
    `last_used_at`, at most once an hour.
    """
    own = keys.platform_key(parse_platform_key(platform.text))
    others = list(dict.fromkeys(also))
    is_cheap = len(others) <= _FEW_ITEMS or _was_verified(ctx, platform)
    answer = answer_keys(platform.keyed)
    at_once = MAX_KEYS - 1 - len(answer) if is_cheap else 0
    items = ctx.tables.get_many([own, *answer, *others[:at_once]])
    now = ctx.clock.now()
    key = _verify(ctx, platform, items.pop(own, None), now=now)
    _record_platform_use(ctx, key, now)
    if scope not in key.scopes:
        raise Forbidden(f"This key lacks the scope {scope}", code="missing_scope")
    check_unanswered(platform.keyed, items, now=now)
    return key, items | ctx.tables.get_many(others[at_once:])


def check_new_platform_key(ctx: Context, platform: PlatformCaller) -> None:
    """Read and check a key that this process has not seen valid yet; Unauthenticated.

    Called before the body of a request is parsed, so that a made-up key costs one unit and no parsing.
    """
    if not _was_verified(ctx, platform):
        item = ctx.tables.get(keys.platform_key(parse_platform_key(platform.text)))
        _verify(ctx, platform, item, now=ctx.clock.now())


def _was_verified(ctx: Context, platform: PlatformCaller) -> bool:
    return hash_text(platform.text) in ctx.verified_platform_keys


def _verify(ctx: Context, platform: PlatformCaller, item: Item | None, *, now: datetime) -> PlatformKey:
    """The stored key, if it is valid and has this text; Unauthenticated. Remembers which of the two it was."""
    hashed = hash_text(platform.text)
    ctx.verified_platform_keys.discard(hashed)
    if item is None:
        raise invalid_credential()
    key = check_platform_key(read_platform_key(item), text=platform.text, now=now)
    ctx.verified_platform_keys.add(hashed)
    return key


def _principal(
    items: Mapping[Key, Item], item_keys: tuple[Key, Key, Key], address: str | None, keyed: KeyedRequest | None
) -> Principal:
    if any(key not in items for key in item_keys):
        raise invalid_credential()
    credential, user, account = (items[key] for key in item_keys)
    return Principal(read_account(account), read_user(user), read_credential(credential), address, keyed)


def _record_use(ctx: Context, principal: Principal, now: datetime) -> None:
    credential = principal.credential
    if credential.kind == "api_key" and _is_use_to_record(credential.last_used_at, now):
        own = keys.api_key(credential.account_id, credential.id)
        _write_use(ctx, Update(own, set={"last_used_at": stamp(now)}))


def _record_platform_use(ctx: Context, key: PlatformKey, now: datetime) -> None:
    if _is_use_to_record(key.last_used_at, now):
        _write_use(ctx, note_use(key, at=now))


def _is_use_to_record(last: datetime | None, now: datetime) -> bool:
    return last is None or now - last >= _RECORD_USE_EVERY


def _write_use(ctx: Context, use: Update) -> None:
    try:
        ctx.tables.write(use)
    except WriteConflict:
        raise invalid_credential() from None  # the key was revoked after it was read
    except Unavailable:
        return  # the request goes on; the next one writes it
