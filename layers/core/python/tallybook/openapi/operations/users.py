"""ScaleBox's paths of users, API keys and the audit log."""

from tallybook.openapi.answers import accounts as answers
from tallybook.openapi.operations.operation import Area, Operation

_USERS, _KEYS = "/v1/user-management/users", "/v1/user-management/api-keys"
_LIMIT = {429: ("too_many_requests",)}
_SUSPENDED = {403: ("account_suspended",)}

USERS = Area(
    "Users and keys",
    "The account's users, their API keys, and the audit log.",
    {
        ("GET", f"{_USERS}/me"): Operation(
            "getCurrentUser", "The caller, with the account", "user", answers.UserData, example="users_me"
        ),
        ("GET", _USERS): Operation("listUsers", "The team, newest first", "root", answers.UserList, example="users"),
        ("POST", _USERS): Operation(
            "inviteUser",
            "Invite a user by mail",
            "root",
            answers.UserData,
            status=201,
            example="users_me",
            refusals={
                400: ("invalid_email", "invalid_name"),
                409: ("email_exists", "too_many_users"),
                **_SUSPENDED,
                **_LIMIT,
            },
        ),
        ("GET", f"{_USERS}/{{user_id}}"): Operation(
            "getUser", "One user", "root", answers.UserData, example="users_me"
        ),
        ("PUT", f"{_USERS}/{{user_id}}"): Operation(
            "changeUser",
            "Change name, role, root right or status",
            "root",
            answers.UserData,
            example="users_me",
            refusals={400: ("invalid_name", "own_user"), 405: ("method_not_allowed",), **_LIMIT},
        ),
        ("DELETE", f"{_USERS}/{{user_id}}"): Operation(
            "deleteUser",
            "Delete the user; their keys and sessions end",
            "root",
            refusals={400: ("own_user",), 405: ("method_not_allowed",)},
        ),
        ("POST", f"{_USERS}/{{user_id}}/invitation"): Operation(
            "inviteUserAgain",
            "Send the invitation again, with a new link",
            "root",
            refusals={400: ("already_joined",), 405: ("method_not_allowed",), **_SUSPENDED, **_LIMIT},
        ),
        ("GET", _KEYS): Operation(
            "listApiKeys",
            "The caller's keys, newest first; for root users all keys of the account",
            "user",
            answers.ApiKeyList,
            example="api_keys",
        ),
        ("POST", _KEYS): Operation(
            "createApiKey",
            "Create a key; its text is only in this answer",
            "user",
            answers.CreatedApiKey,
            status=201,
            example="api_key_created",
            refusals={400: ("invalid_name",), 409: ("too_many_keys",), **_SUSPENDED, **_LIMIT},
        ),
        ("DELETE", f"{_KEYS}/{{key_id}}"): Operation("revokeApiKey", "Revoke the key", "user"),
        ("GET", "/v1/user-management/audit-log"): Operation(
            "listAuditLog", "Who changed what, newest first", "root", answers.AuditLog, example="audit_log"
        ),
    },
)
