"""Root users list, read and delete the users of their account. Source: docs/decisions.md, "ScaleBox"."""

from tallybook.domain.accounts import User, require_root
from tallybook.domain.audit import actor_of
from tallybook.domain.credentials import Principal
from tallybook.domain.errors import Invalid
from tallybook.domain.events.accounts import user_deleted
from tallybook.domain.ids import USER
from tallybook.services.accounts.users import audit_snapshot
from tallybook.services.changes import Change, record, retry_on_conflict
from tallybook.services.context import Context
from tallybook.services.identity.authenticate import reread
from tallybook.services.key_lookup import all_keys
from tallybook.services.lookup import all_users, find_user, live_user
from tallybook.services.quotas.release import end_quotas
from tallybook.store import keys
from tallybook.store.commands import Command, Update
from tallybook.store.credentials import delete_keys
from tallybook.store.email_changes import expire_old_change
from tallybook.store.password_tokens import delete_tokens
from tallybook.store.users import check_still_root, free_email, set_user


def list_users(ctx: Context, principal: Principal) -> list[User]:
    """Newest first, without deleted users; for root users."""
    require_root(principal.user)
    return all_users(ctx, principal.account.id)


def show_user(ctx: Context, principal: Principal, user_id: str) -> User:
    require_root(principal.user)
    return find_user(ctx, principal.account, user_id)


def delete_user(ctx: Context, principal: Principal, user_id: str) -> None:
    """Delete the user with their email, keys and quota; their sessions end. For root users. Invalid `own_user`."""

    def delete(principal: Principal) -> None:
        require_root(principal.user)
        user_key, request_key = keys.user(principal.account.id, user_id), keys.email_change(principal.account.id)
        items = ctx.tables.get_many([user_key, request_key])
        user = live_user(items.get(user_key))
        if user.id == principal.user.id:
            raise Invalid("Another root user has to do this to you", code="own_user")
        now = ctx.clock.now()
        quota_ends = end_quotas(principal.account, user, actor=actor_of(principal), now=now)
        change = Change(
            actor_of(principal),
            "user.deleted",
            USER + user.id,
            before={"email": user.email, **audit_snapshot(user)},
            after={"status": "deleted"},
            events=(user_deleted(user),),
        )
        ctx.tables.transact(
            [
                _erase(user),
                free_email(user),
                *delete_tokens(user.account_id, user.id),
                *expire_old_change(items.get(request_key), user.email, at=now),
                *_delete_keys(ctx, user),
                *(command for end in quota_ends for command in end.commands),
                check_still_root(principal.user),
                *record(principal.account, change, *(end.change for end in quota_ends), at=now),
            ]
        )

    retry_on_conflict(ctx, delete, principal, reload=lambda: reread(ctx, principal))


def _erase(user: User) -> Update:
    """Removes the personal data. The item stays, because sessions, ledger and audit log refer to it."""
    return set_user(
        user,
        status="deleted",
        email=f"deleted-{user.id}@deleted.invalid",
        name=None,
        password_hash=None,
        suspension_reason=None,
        keys=0,
        generation=user.generation + 1,
    )


def _delete_keys(ctx: Context, user: User) -> list[Command]:
    own = [key for key in all_keys(ctx, user.account_id) if key.user_id == user.id]
    count = Update(keys.account(user.account_id), add={"keys": -len(own)})
    return [*delete_keys(own), *([count] if own else [])]
