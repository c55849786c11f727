"""Who is calling: one strongly consistent round trip from a credential's text to user and account."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from tallybook.domain.credentials import (
    PlatformKey,
    Principal,
    Scope,
    check_standing,
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
from tallybook.store.credentials import keys_named, read_credential, read_platform_key
from tallybook.store.keys import Key
from tallybook.store.table import MAX_KEYS, Refused

_NOTE_USE_EVERY = timedelta(hours=1)


def authenticate(ctx: Context, text: str) -> Principal:
    """The caller that an API key or a sign-in session stands for; Unauthenticated if it does not hold.

    An API key's `last_used_at` is noted at most once an hour; nothing else is written.
    """
    wanted = keys_named(read_text(text))
    items = ctx.tables.get_many(wanted)
    if len(items) < len(wanted):
        raise refused()
    credential, user, account = (items[key] for key in wanted)
    principal = Principal(read_account(account), read_user(user), read_credential(credential))
    now = ctx.clock.now()
    check_standing(principal, text=text, now=now)
    _note_use(ctx, principal, now)
    return principal


def authorize_platform(
    ctx: Context, text: str, scope: Scope, *, also: Iterable[Key] = ()
) -> tuple[PlatformKey, Mapping[Key, Item]]:
    """The platform's key if it has the scope, and the items of `also` that are there: 99 in the same round trip.

    More are read only for a key that holds, so that a made-up one costs no more than that.
    """
    own = keys.platform_key(read_platform_text(text))
    wanted = list(dict.fromkeys(also))
    at_once = MAX_KEYS - 1
    items = ctx.tables.get_many([own, *wanted[:at_once]])
    if own not in items:
        raise refused()
    key = read_platform_key(items.pop(own))
    if not matches(text, key.secret_hash):
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
    except Refused:
        raise refused() from None  # revoked since it was read
    except Unavailable:
        return  # a note is not worth the request; the next one makes it
