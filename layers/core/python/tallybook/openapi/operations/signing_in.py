"""Quota's paths: signing up and in, passwords, and the pages that mails link."""

from tallybook.openapi.answers import signing_in as answers
from tallybook.openapi.operations.operation import Area, Operation

_LIMIT = {429: ("too_many_requests",)}

SIGNING_IN = Area(
    "Signing up and in",
    "Accounts, sessions and passwords, in Quota's dialect: flat JSON, times in milliseconds.",
    {
        ("POST", "/auth/register"): Operation(
            "register",
            "Create an account with its root user, the welcome credit and a session",
            "public",
            answers.SignedIn,
            status=201,
            example="auth_signed_in",
            refusals={400: ("invalid_email", "weak_password", "invalid_name"), 409: ("email_exists",), **_LIMIT},
            sets_cookie=True,
        ),
        ("POST", "/auth/login"): Operation(
            "login",
            "Begin a session, as JSON and as a cookie",
            "public",
            answers.SignedIn,
            example="auth_signed_in",
            refusals={
                400: ("invalid_email",),
                401: ("invalid_credentials",),
                403: ("user_suspended", "user_disabled"),
                **_LIMIT,
            },
            description="The cookie is only set for an allowed `Origin`, or for a client that sends none.",
            sets_cookie=True,
        ),
        ("GET", "/auth/me"): Operation(
            "getSignedInUser", "Who is signed in, and the balance", "user", answers.Me, example="auth_me"
        ),
        ("POST", "/auth/logout"): Operation(
            "logout", "End the session", "user", answers.Done, example="auth_logout", sets_cookie=True
        ),
        ("POST", "/auth/password"): Operation(
            "changePassword",
            "Change the password; all other sessions end",
            "user",
            answers.Done,
            example="auth_logout",
            refusals={400: ("invalid_password", "weak_password"), **_LIMIT},
        ),
        ("POST", "/auth/password/reset"): Operation(
            "requestPasswordReset",
            "Send a mail with a link, if a user has that address",
            "public",
            answers.Done,
            status=202,
            example="auth_logout",
            refusals={400: ("invalid_email",), **_LIMIT},
        ),
        ("POST", "/auth/password/link"): Operation(
            "showPasswordLink",
            "The user's API keys and the account's other root users, with the token of a mail",
            "public",
            answers.LinkAccess,
            example="password_link",
            refusals={400: ("invalid_token",)},
        ),
        ("POST", "/auth/password/confirm"): Operation(
            "setPassword",
            "Set a password, with the token of a mail; a reset ends the user's API keys",
            "public",
            answers.Done,
            example="auth_logout",
            refusals={400: ("invalid_token", "weak_password", "invalid_name"), **_LIMIT},
        ),
        ("GET", "/auth/password/forgotten"): Operation(
            "showForgottenPage", "A page that asks for the mail of a reset", "public", is_page=True
        ),
        ("GET", "/auth/password/new"): Operation(
            "showPasswordPage", "The page that the link of that mail opens", "public", is_page=True
        ),
        ("GET", "/auth/errors"): Operation(
            "showErrorPage",
            "The page that explains errors; `docs_url` opens it",
            "public",
            is_page=True,
        ),
        ("GET", "/auth/email/confirm"): Operation(
            "showEmailPage", "The page that confirms an email change", "public", is_page=True
        ),
    },
)
