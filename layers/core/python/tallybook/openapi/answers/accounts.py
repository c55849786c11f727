"""ScaleBox's answers about the account: users, API keys, its profile and email, the audit log."""

from typing import Any, Literal

from tallybook.domain.accounts import AccountStatus, Role, UserStatus
from tallybook.domain.audit import ActorKind
from tallybook.openapi.answers.fields import AccountId, Answered, ApiKeyId, Email, Pagination, Seconds, UserId


class Account(Answered):
    account_id: AccountId
    display_name: str | None
    description: str | None
    email: Email
    """The account's address, which all its users share."""
    status: AccountStatus
    """A suspended account can be read and paid for, but starts nothing."""
    suspended_at: Seconds | None
    suspension_reason: str | None
    time_zone: str
    """An IANA name, like `Europe/Berlin`. Billing periods begin at its midnight."""
    created_at: Seconds


class AccountData(Answered):
    account: Account


class User(Answered):
    user_id: UserId
    account_id: AccountId
    email: Email
    """The account's address; `login_email` is the user's own."""
    login_email: Email
    display_name: str | None
    role: Role
    is_root_user: bool
    status: UserStatus
    suspended_at: Seconds | None
    suspension_reason: str | None
    has_joined: bool
    """False for an invited user who has not set a password yet."""
    created_at: Seconds
    account: Account


class UserData(Answered):
    user: User


class UserList(Answered):
    users: list[User]
    pagination: Pagination


class ApiKey(Answered):
    api_key_id: ApiKeyId
    user_id: UserId
    name: str
    hint: str | None
    """The last four characters of the key."""
    created_at: Seconds
    expires_at: Seconds | None
    """Null for a key that does not expire."""
    last_used_at: Seconds | None
    """Written at most once an hour; null for a key that was never used."""


class CreatedApiKey(ApiKey):
    api_key: str
    """`sk-…`: the key itself, which only this answer contains."""


class ApiKeyList(Answered):
    api_keys: list[ApiKey]
    pagination: Pagination


class EmailChange(Answered):
    """The last request to change the account's email. Only a pending one has addresses and times."""

    has_pending_request: bool
    status: Literal["none_confirmed", "partial_confirmed", "both_confirmed"] = "none_confirmed"
    """Which of the two addresses have confirmed. Absent if nothing was requested, or the request was cleared."""
    current_email: Email = ""
    new_email: Email = ""
    requested_at: Seconds = ""
    expires_at: Seconds = ""
    """24 hours after the request."""


class EmailConfirmation(Answered):
    status: Literal["pending", "completed"]
    """`completed` once both addresses have confirmed."""
    pending_email: Email = ""
    """The address that has still to confirm."""


class AuditActor(Answered):
    """Who did something."""

    type: ActorKind
    """`anyone` is somebody without a credential, who had the token of a mail."""
    id: str | None
    """The prefixed id of the user, API key or platform key, or the name of a job."""
    user_id: UserId | None
    """The user whose session or API key was sent."""


class AuditEntry(Answered):
    """One change. A changed secret shows as `***`, an email address as `a***@example.com`."""

    number: int
    """Counts the account's entries, from 1 without a gap."""
    account_id: AccountId
    created_at: Seconds
    actor: AuditActor
    ip_address: str | None
    action: str
    """What happened, like `user.suspended`."""
    target_id: str
    """The prefixed id of what was changed."""
    before: dict[str, Any]
    """The changed values before."""
    after: dict[str, Any]
    """The changed values after."""


class AuditLog(Answered):
    entries: list[AuditEntry]
    """Newest first."""
    pagination: Pagination
