"""Events about accounts, users, passwords and API keys."""

from tallybook.domain.accounts import Account, User
from tallybook.domain.credentials import Credential
from tallybook.domain.emails import mailbox
from tallybook.domain.ids import ACCOUNT, API_KEY, USER
from tallybook.domain.outbox import BusEvent
from tallybook.domain.times import stamp_or_none


def account_registered(account: Account, root: User) -> BusEvent:
    data = {
        "account_id": ACCOUNT + account.id,
        "email": mailbox(account.email),
        "time_zone": account.time_zone,
        "root_user_id": USER + root.id,
        "root_user_display_name": root.name,
    }
    return BusEvent("AccountRegistered", data)


def account_changed(account: Account) -> BusEvent:
    """`time_zone` applies from the next period on."""
    data = {
        "account_id": ACCOUNT + account.id,
        "display_name": account.display_name,
        "description": account.description,
        "time_zone": account.time_zone,
    }
    return BusEvent("AccountChanged", data)


def account_suspended(account: Account, *, reason: str) -> BusEvent:
    return BusEvent("AccountSuspended", {"account_id": ACCOUNT + account.id, "reason": reason})


def account_resumed(account: Account, *, reason: str) -> BusEvent:
    return BusEvent("AccountResumed", {"account_id": ACCOUNT + account.id, "reason": reason})


def account_email_changed(account: Account, *, email: str, login_of: str | None) -> BusEvent:
    """`login_of`: the user whose sign-in email changed as well; null if nobody signed in with the old email."""
    data = {
        "account_id": ACCOUNT + account.id,
        "email": mailbox(email),
        "previous_email": mailbox(account.email),
        "login_of": login_of and USER + login_of,
    }
    return BusEvent("AccountEmailChanged", data)


def account_terms_changed(account: Account) -> BusEvent:
    """Percentages as decimal text; a `tax_rate` of null means the catalog's."""
    data = {
        "account_id": ACCOUNT + account.id,
        "tax_rate": None if account.billing.tax_rate is None else f"{account.billing.tax_rate:f}",
        "discount": f"{account.billing.discount:f}",
    }
    return BusEvent("AccountTermsChanged", data)


def user_invited(user: User) -> BusEvent:
    return BusEvent("UserInvited", {**_ids(user), "email": mailbox(user.email), **_profile(user)})


def user_joined(user: User) -> BusEvent:
    """An invited user has set a password, and possibly a name."""
    return BusEvent("UserJoined", {**_ids(user), "display_name": user.name})


def user_changed(user: User) -> BusEvent:
    return BusEvent("UserChanged", {**_ids(user), **_profile(user)})


def user_suspended(user: User) -> BusEvent:
    """`status` is `suspended` or `disabled`; either way the user can't sign in or use API keys."""
    return BusEvent("UserSuspended", {**_ids(user), "status": user.status, "reason": user.suspension_reason})


def user_resumed(user: User) -> BusEvent:
    return BusEvent("UserResumed", _ids(user))


def user_deleted(user: User) -> BusEvent:
    return BusEvent("UserDeleted", _ids(user))


def password_changed(user: User) -> BusEvent:
    return BusEvent("PasswordChanged", _ids(user))


def api_key_created(key: Credential) -> BusEvent:
    return BusEvent("ApiKeyCreated", {**_key(key), "expires_at": stamp_or_none(key.expires_at)})


def api_key_revoked(key: Credential) -> BusEvent:
    return BusEvent("ApiKeyRevoked", _key(key))


def _ids(user: User) -> dict[str, object]:
    return {"account_id": ACCOUNT + user.account_id, "user_id": USER + user.id}


def _profile(user: User) -> dict[str, object]:
    return {"display_name": user.name, "role": user.role, "is_root_user": user.is_root, "status": user.status}


def _key(key: Credential) -> dict[str, object]:
    return {
        "account_id": ACCOUNT + key.account_id,
        "user_id": USER + key.user_id,
        "api_key_id": API_KEY + key.id,
        "name": key.name,
    }
