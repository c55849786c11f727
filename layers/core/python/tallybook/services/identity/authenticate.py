"""Who is calling: one strongly consistent round trip from a credential's text to user and account."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from tallybook.domain.credentials import (
    PlatformCaller,
    PlatformKey,
    Principal,
    Scope,
    check_credential,
    check_known,
    matches,
    read_platform_text,
    read_text,
    refused,
)
from tallybook.domain.errors import Forbidden, Unavailable
from tallybook.domain.times import stamp
from tallybook.services.context import Context
from tallybook.store import keys
from tallybook.store.accounts import read_account, read_user
from tallybook.store.commands import Item, Update
from tallybook.store.credentials import key_of, keys_named, read_credential, read_platform_key
from tallybook.store.keys import Key
from tallybook.store.table import MAX_KEYS, WriteConflict

_NOTE_USE_EVERY = timedelta(hours=1)


def authenticate(ctx: Context, text: str, *, address: str | None = None) -> Principal:
    """The caller that an API key or a sign-in session stands for; Unauthenticated if it does not hold.

    An API key's `last_used_at` is noted at most once an hour; nothing else is written.
    """
    principal = _read(ctx, keys_named(read_text(text)), address)
    now = ctx.clock.now()
    check_credential(principal, text=text, now=now)
    _note_use(ctx, principal, now)
    return principal


def reread(ctx: Context, principal: Principal) -> Principal:
    """The caller as they stand now, for whoever lost a race; refused like a new request if they may not any more."""
    credential = principal.credential
    own = key_of(credential.kind, credential.account_id, credential.id)
    wanted = (own, keys.user(principal.account.id, principal.user.id), keys.account(principal.account.id))
    current = _read(ctx, wanted, principal.address)
    return check_known(current, now=ctx.clock.now())


def _read(ctx: Context, wanted: tuple[Key, Key, Key], address: str | None) -> Principal:
    items = ctx.tables.get_many(wanted)
    if len(items) < len(wanted):
        raise refused()
    credential, user, account = (items[key] for key in wanted)
    return Principal(read_account(account), read_user(user), read_credential(credential), address)


def authorize_platform(
    ctx: Context, principal: PlatformCaller, scope: Scope, *, also: Iterable[Key] = ()
) -> tuple[PlatformKey, Mapping[Key, Item]]:
    """The platform's key if it has the scope, and the items of `also` that are there: 99 in the same round trip.

    More are read only for a key that holds, so that a made-up one costs no more than that.
    """
    own = keys.platform_key(read_platform_text(principal.text))
    wanted = list(dict.fromkeys(also))
    at_once = MAX_KEYS - 1
    items = ctx.tables.get_many([own, *wanted[:at_once]])
    if own not in items:
        raise refused()
    key = read_platform_key(items.pop(own))
    if not matches(principal.text, key.secret_hash):
        raise refused()
    if scope not in key.scopes:
        raise Forbidden(f"This key lacks the scope {scope}", code="missing_scope")
    return key, items | ctx.tables.get_many(wanted[at_once:])


def _note_use(ctx: Context, principal: Principal, now: datetime) -> None:
    credential = principal.credential
    last = credential.last_used_at
    if credential.kind != "api_key" or (last is not None and now - last < _NOTE_USE_EVERY):
        return
    try:
        ctx.tables.write(Update(keys.api_key(credential.account_id, credential.id), set={"last_used_at": stamp(now)}))
    except WriteConflict:
        raise refused() from None  # revoked since it was read
    except Unavailable:
        return  # a note is not worth the request; the next one makes it
