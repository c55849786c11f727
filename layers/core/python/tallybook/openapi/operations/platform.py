"""The platform's paths, in ScaleBox's dialect."""

from tallybook.openapi.answers import platform as answers
from tallybook.openapi.errors import AdmissionError, UnreadableEventsError
from tallybook.openapi.operations.operation import Area, Operation

_PLATFORM = "/v1/platform"
_ACCOUNT = f"{_PLATFORM}/accounts/{{account_id}}"

PLATFORM = Area(
    "The platform",
    "For the service whose usage is metered, with a platform key: usage, sessions, credits, accounts.",
    {
        ("POST", f"{_PLATFORM}/events"): Operation(
            "sendEvents",
            "Send usage as CloudEvents",
            "usage:write",
            answers.EventResults,
            example="platform_events",
            refusals={400: ("unreadable_events",)},
            error_models={400: UnreadableEventsError},
            description="One event, or an array of at most 1,000 of any accounts; at most 1 MiB. An event is known by "
            "its `source` and `id`, so it may be sent again. An event that is wrong is rejected alone.",
        ),
        ("OPTIONS", f"{_PLATFORM}/events"): Operation(
            "allowEvents",
            "The handshake of CloudEvents' senders: any origin may send, at any rate, with a key",
            "public",
            status=204,
            is_empty=True,
        ),
        ("POST", f"{_PLATFORM}/sessions"): Operation(
            "startSession",
            "Start a session",
            "sessions:write",
            answers.StartedSession,
            status=201,
            example="platform_session",
            refusals={
                403: ("admission_refused", "account_suspended", "user_suspended", "user_disabled"),
                404: ("not_found",),
                409: ("session_exists",),
            },
            error_models={403: AdmissionError},
            description="The same `session_id` again answers as before.",
        ),
        ("POST", f"{_PLATFORM}/sessions/{{session_id}}/end"): Operation(
            "endSession",
            "End it; again, it answers as before",
            "sessions:write",
            answers.EndedSession,
            example="platform_session_ended",
        ),
        ("POST", f"{_PLATFORM}/admission"): Operation(
            "checkAdmission",
            "Whether a session may start, and why not",
            "sessions:write",
            answers.Admission,
            example="platform_admission",
            refusals={404: ("not_found",), 409: ("session_exists",)},
        ),
        ("POST", f"{_PLATFORM}/credits"): Operation(
            "addCredits",
            "Add or subtract credits, once for each reference",
            "accounts:admin",
            answers.LedgerEntry,
            status=201,
            example="platform_credits",
            refusals={404: ("not_found",), 409: ("reference_reused",)},
        ),
        ("PUT", _ACCOUNT): Operation(
            "setBillingTerms",
            "Set tax rate and discount",
            "accounts:admin",
            answers.PlatformAccount,
            example="platform_account",
        ),
        ("POST", f"{_ACCOUNT}/suspend"): Operation(
            "suspendAccount",
            "Suspend the account: it can read, but not start anything",
            "accounts:admin",
            answers.PlatformAccount,
            example="platform_account",
        ),
        ("POST", f"{_ACCOUNT}/resume"): Operation(
            "resumeAccount",
            "End the suspension",
            "accounts:admin",
            answers.PlatformAccount,
            example="platform_account",
        ),
    },
)
