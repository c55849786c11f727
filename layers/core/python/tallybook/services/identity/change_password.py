"""A user changes their password with the current one, or sets it with the token from a mail."""

from dataclasses import replace

from tallybook.domain.accounts import Account, User
from tallybook.domain.audit import Actor, actor_of
from tallybook.domain.credentials import Principal
from tallybook.domain.emails import mailbox, normalize_email
from tallybook.domain.errors import Invalid
from tallybook.domain.events.accounts import api_key_revoked, password_changed, user_joined
from tallybook.domain.ids import API_KEY, USER
from tallybook.domain.outbox import Mail, UserRef
from tallybook.domain.passwords import PasswordToken, invalid_token, owner_of, valid_token
from tallybook.domain.text_rules import check_password, optional_name
from tallybook.domain.times import readable
from tallybook.services.access import Link, access_beside_password, named_keys
from tallybook.services.changes import Change, record, retry_on_conflict
from tallybook.services.context import Context
from tallybook.services.identity.authenticate import reread
from tallybook.services.identity.password_hashing import hash_password, password_matches
from tallybook.services.key_lookup import all_keys
from tallybook.services.rate_limits import check_rate
from tallybook.store import keys
from tallybook.store.accounts import confirm_account_email, read_account
from tallybook.store.commands import Command, Update
from tallybook.store.credentials import delete_keys, key_of
from tallybook.store.outbox import put_mail
from tallybook.store.password_tokens import password_token_keys, read_token, use_token
from tallybook.store.users import count_keys, read_user, set_user

_LONGEST_EMAIL = 320


def change_password(
    ctx: Context, principal: Principal, *, current: str, password: str, address: str, end_api_keys: bool = False
) -> None:
    """Change the caller's password; all other sessions of the user end, and with `end_api_keys` all their API keys.

    Invalid `invalid_password` unless `current` is the password, `weak_password`; TooManyRequests over 5 tries a minute
    from one network `address`, or 500 for one user.
    """
    check_password(password)
    check_rate(ctx, "password", address=address, email=principal.user.email)
    if not password_matches(current, principal.user.password_hash, rounds=ctx.password_rounds):
        raise Invalid("The current password is wrong", code="invalid_password", field="current_password")
    hashed = hash_password(password, rounds=ctx.password_rounds)
    checked_hash = principal.user.password_hash

    def change(principal: Principal) -> None:
        if principal.user.password_hash != checked_hash:
            raise Invalid("The current password is wrong", code="invalid_password", field="current_password")
        commands = _set_password_commands(
            ctx, principal.account, principal.user, hashed, actor=actor_of(principal), end_api_keys=end_api_keys
        )
        ctx.tables.transact([*commands, *_keep_own_session(principal)])

    retry_on_conflict(ctx, change, principal, reload=lambda: reread(ctx, principal))


def ask_for_reset(ctx: Context, *, email: str, address: str) -> None:
    """Send a mail with a link, if a user signs in with this email.

    The user is looked up when the mail is delivered, not here, so the caller can't find out which emails exist.
    Invalid `invalid_email`; TooManyRequests over 3 an hour from one network address or for one email.
    """
    email = normalize_email(email[: _LONGEST_EMAIL + 1])
    check_rate(ctx, "reset", address=address, email=email)
    now = ctx.clock.now()
    mail = Mail("password_reset", (email,), {"address": address})
    ctx.tables.write(put_mail(mail, ctx.new_id(now), at=now))


def show_link(ctx: Context, *, token: str, address: str) -> Link:
    """Whose token this is, and what else gives access to their account. The token stays valid.

    Errors as in `set_password`, which counts its attempts together with these.
    """
    check_rate(ctx, "confirm", address=address)
    account_id, user_id = owner_of(token)
    account, user, stored = _token_holder(ctx, account_id, user_id, token)
    access = access_beside_password(ctx, user)
    return Link(stored.purpose, user.email, account.display_name or account.email, access)


def set_password(
    ctx: Context,
    *,
    token: str,
    password: str,
    address: str,
    name: str | None = None,
    end_api_keys: bool | None = None,
) -> None:
    """Set the password of the user whose token this is; delete all their tokens and end all their sessions.

    `end_api_keys`: end all their API keys too; by default those of a user who had a password, because a key that an
    intruder made would survive the reset. An invited user may set their `name` too.

    Invalid `invalid_token` for a token that is unknown, used, replaced or expired; `weak_password`; `invalid_name`;
    TooManyRequests.
    """
    check_password(password)
    name = optional_name(name)
    check_rate(ctx, "confirm", address=address)
    account_id, user_id = owner_of(token)
    holder = _token_holder(ctx, account_id, user_id, token)
    hashed = hash_password(password, rounds=ctx.password_rounds)

    def change(holder: tuple[Account, User, PasswordToken]) -> None:
        account, user, stored_token = holder
        joins = user.password_hash is None
        if joins:
            user = replace(user, name=name or user.name)
        actor = Actor("user", USER + user.id, USER + user.id, address)
        ends = not joins if end_api_keys is None else end_api_keys
        commands = _set_password_commands(ctx, account, user, hashed, actor=actor, end_api_keys=ends, by_link=True)
        ctx.tables.transact([*commands, *use_token(stored_token)])

    retry_on_conflict(ctx, change, holder, reload=lambda: _token_holder(ctx, account_id, user_id, token))


def _token_holder(ctx: Context, account_id: str, user_id: str, text: str) -> tuple[Account, User, PasswordToken]:
    token_keys = password_token_keys(account_id, user_id)
    user_key, account_key = keys.user(account_id, user_id), keys.account(account_id)
    items = ctx.tables.get_many([*token_keys, user_key, account_key])
    if not {user_key, account_key} <= items.keys():
        raise invalid_token()
    account, user = read_account(items[account_key]), read_user(items[user_key])
    if "deleted" in (account.status, user.status):
        raise invalid_token()
    tokens = [read_token(items[key], account_id=account_id, user_id=user_id) for key in token_keys if key in items]
    return account, user, valid_token(tokens, text=text, now=ctx.clock.now())


def _set_password_commands(
    ctx: Context,
    account: Account,
    user: User,
    hashed: str,
    *,
    actor: Actor,
    end_api_keys: bool,
    by_link: bool = False,
) -> list[Command]:
    """`by_link`: with the token of a mail, which confirms the user's address. At most 50 keys end.

    The transaction fails if the account has changed since it was read, so no key that is made meanwhile is left.
    """
    now = ctx.clock.now()
    joins = by_link and user.password_hash is None
    stored = all_keys(ctx, account.id) if end_api_keys and user.key_count else []
    ended = [key for key in stored if key.user_id == user.id]
    mail = Mail(
        "password_changed",
        (user.email,),
        {"at": readable(now), "address": actor.address, "ended_keys": named_keys(reversed(ended))},
        UserRef(user.account_id, user.id),
    )
    change = Change(
        actor,
        "user.joined" if joins else "user.password_changed",
        USER + user.id,
        before={"password": user.password_hash},
        after={"password": hashed} | ({"api_keys_ended": [API_KEY + key.id for key in ended]} if ended else {}),
        mails=() if joins else (mail,),
        events=((user_joined if joins else password_changed)(user), *map(api_key_revoked, ended)),
    )
    values = {"password_hash": hashed, "generation": user.generation + 1, "name": user.name}
    confirmed = {"email_unconfirmed": None} if by_link else {}
    of_account = by_link and account.email_unconfirmed and mailbox(account.email) == mailbox(user.email)
    return [
        set_user(user, **values, **confirmed),
        *((confirm_account_email(account),) if of_account else ()),
        *delete_keys(ended),
        *(count_keys(account_id=account.id, user_id=user.id, by=-len(ended)) if ended else ()),
        *record(account, change, at=now),
    ]


def _keep_own_session(principal: Principal) -> list[Command]:
    """Moves the caller's session to the user's next generation."""
    credential = principal.credential
    if credential.kind != "session":
        return []
    own = key_of("session", credential.account_id, credential.id)
    return [Update(own, set={"generation": principal.user.generation + 1})]
