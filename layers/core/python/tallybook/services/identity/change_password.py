"""Passwords changed by who knows the old one, or set with the token of a mail."""

from dataclasses import replace

from tallybook.domain.accounts import Account, User, check_name, check_password, normal_email
from tallybook.domain.audit import Actor, actor_of
from tallybook.domain.credentials import Principal
from tallybook.domain.errors import Invalid
from tallybook.domain.events.accounts import password_changed, user_joined
from tallybook.domain.ids import USER
from tallybook.domain.outbox import Mail
from tallybook.domain.passwords import PasswordToken, held_token, invalid_token, owner_of
from tallybook.domain.times import readable
from tallybook.services.changes import Change, record, retry_on_conflict
from tallybook.services.context import Context
from tallybook.services.identity.authenticate import reread
from tallybook.services.identity.password_hashing import hash_password, password_matches
from tallybook.services.rate_limits import check_rate
from tallybook.store import keys
from tallybook.store.accounts import read_account, read_user, set_user
from tallybook.store.commands import Command, Update
from tallybook.store.credentials import key_of
from tallybook.store.outbox import put_mail
from tallybook.store.password_tokens import keys_of_tokens, read_token, use_token

_LONGEST_EMAIL = 320


def change_password(ctx: Context, principal: Principal, *, current: str, password: str, address: str) -> None:
    """The password, changed; all sessions of the user end but the one that the caller came with.

    Invalid `invalid_password` unless `current` is it, `weak_password`; TooManyRequests as for a login.
    """
    check_password(password)
    check_rate(ctx, "login", address=address, email=principal.user.email)
    if not password_matches(current, principal.user.password_hash, rounds=ctx.password_rounds):
        raise Invalid("The current password is wrong", code="invalid_password", field="current_password")
    hashed = hash_password(password, rounds=ctx.password_rounds)
    known = principal.user.password_hash

    def change(principal: Principal) -> None:
        if principal.user.password_hash != known:
            raise Invalid("The current password is wrong", code="invalid_password", field="current_password")
        ctx.tables.transact(
            [
                *_with_password(ctx, principal.account, principal.user, hashed, actor=actor_of(principal)),
                *_own_session(principal),
            ]
        )

    retry_on_conflict(ctx, change, principal, reload=lambda: reread(ctx, principal))


def ask_for_reset(ctx: Context, *, email: str, address: str) -> None:
    """A mail with a link, if a user signs in with this address. The caller learns nothing, for nothing is looked up:
    whose address it is shows when the mail is written.

    Invalid `invalid_email`; TooManyRequests, 3 an hour from one network address or about one email.
    """
    email = normal_email(email[: _LONGEST_EMAIL + 1])
    check_rate(ctx, "reset", address=address, email=email)
    now = ctx.clock.now()
    mail = Mail("password_reset", (email,), {"address": address})
    ctx.tables.write(put_mail(mail, ctx.new_id(now), at=now))


def set_password(ctx: Context, *, token: str, password: str, address: str, name: str | None = None) -> None:
    """The password of the user whom a mail invited or helped; their tokens are used up, and all sessions end.

    Whoever was invited may give themselves a `name` with it.

    Invalid `invalid_token` for one that is unknown, used, replaced or expired; `weak_password`; `invalid_name`;
    TooManyRequests.
    """
    check_password(password)
    if name is not None:
        check_name(name)
    check_rate(ctx, "confirm", address=address)
    account_id, user_id = owner_of(token)
    account, user, held = _holder(ctx, account_id, user_id, token)
    hashed = hash_password(password, rounds=ctx.password_rounds)

    def change(holder: tuple[Account, User, PasswordToken]) -> None:
        account, user, held = holder
        joins = user.password_hash is None
        if joins:
            user = replace(user, name=name or user.name)
        actor = Actor("user", USER + user.id, USER + user.id, address)
        commands = _with_password(ctx, account, user, hashed, actor=actor, merge_commands=joins)
        ctx.tables.transact([*commands, *use_token(held)])

    retry_on_conflict(ctx, change, (account, user, held), reload=lambda: _holder(ctx, account_id, user_id, token))


def _holder(ctx: Context, account_id: str, user_id: str, text: str) -> tuple[Account, User, PasswordToken]:
    token_keys = keys_of_tokens(account_id, user_id)
    user_key, account_key = keys.user(account_id, user_id), keys.account(account_id)
    items = ctx.tables.get_many([*token_keys, user_key, account_key])
    if not {user_key, account_key} <= items.keys():
        raise invalid_token()
    account, user = read_account(items[account_key]), read_user(items[user_key])
    if "deleted" in (account.status, user.status):
        raise invalid_token()
    tokens = [read_token(items[key], account_id=account_id, user_id=user_id) for key in token_keys if key in items]
    return account, user, held_token(tokens, text=text, now=ctx.clock.now())


def _with_password(
    ctx: Context, account: Account, user: User, hashed: str, *, actor: Actor, merge_commands: bool = False
) -> list[Command]:
    now = ctx.clock.now()
    mail = Mail("password_changed", (user.email,), {"at": readable(now), "address": actor.address})
    change = Change(
        actor,
        "user.joined" if merge_commands else "user.password_changed",
        USER + user.id,
        before={"password": user.password_hash},
        after={"password": hashed},
        mails=() if merge_commands else (mail,),
        events=((user_joined if merge_commands else password_changed)(user),),
    )
    values = {"password_hash": hashed, "generation": user.generation + 1, "name": user.name}
    return [set_user(user, **values), *record(account, change, at=now)]


def _own_session(principal: Principal) -> list[Command]:
    credential = principal.credential
    if credential.kind != "session":
        return []
    own = key_of("session", credential.account_id, credential.id)
    return [Update(own, set={"generation": principal.user.generation + 1})]
