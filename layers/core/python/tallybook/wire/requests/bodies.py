"""Request bodies, field by field. Unknown fields are ignored, except on the platform's paths."""

from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from tallybook.domain.errors import Invalid
from tallybook.domain.ids import ACCOUNT, USER, parse_id
from tallybook.domain.money import places
from tallybook.domain.percentages import parse_percent
from tallybook.domain.quotas import MAX_QUOTA
from tallybook.domain.sessions import MAX_TIMEOUT_SECONDS
from tallybook.domain.times import parse_instant
from tallybook.domain.wallet import MAX_MOVE
from tallybook.wire.requests.counts import check_counts
from tallybook.wire.requests.names import check_known

MAX_BODY_BYTES = 64 * 1024
"""The most bytes of a body; usage events have their own limit."""

_MAX_SIZE = 100_000
_MAX_PLACES = 3


def _instant(value: Any) -> datetime:
    if not isinstance(value, str):
        raise ValueError("must be an RFC 3339 time with an offset")
    try:
        return parse_instant(value)
    except ValueError as error:
        raise ValueError("must be an RFC 3339 time with an offset") from error


def _size(value: Any) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise ValueError("must be a number")
    size = Decimal(value)
    if not 0 < size <= _MAX_SIZE or places(size) > _MAX_PLACES:
        raise ValueError(f"must be above 0, at most {_MAX_SIZE}, with at most {_MAX_PLACES} decimals")
    return size.normalize()


Instant = Annotated[datetime, BeforeValidator(_instant)]
Size = Annotated[Decimal, BeforeValidator(_size)]
Percent = Annotated[Decimal, BeforeValidator(parse_percent)]
QuotaNumber = Annotated[int, Field(ge=0, le=MAX_QUOTA)]
AccountId = Annotated[str, AfterValidator(partial(parse_id, prefix=ACCOUNT))]
Secret = Annotated[str, Field(repr=False)]
UserId = Annotated[str, AfterValidator(partial(parse_id, prefix=USER))]


class RequestBody(BaseModel):
    model_config = ConfigDict(strict=True, extra="ignore", defer_build=True)


class RegisterRequest(RequestBody):
    email: str
    password: Secret
    name: str | None = None


class LoginRequest(RequestBody):
    email: str
    password: Secret


class ChangePasswordRequest(RequestBody):
    current_password: Secret
    password: Secret
    end_api_keys: bool = False


class ResetRequest(RequestBody):
    email: str


class PasswordLinkRequest(RequestBody):
    token: Secret


class SetPasswordRequest(RequestBody):
    """`end_api_keys` is true by default for a reset, false for the first password of an invited user."""

    token: Secret
    password: Secret
    name: str | None = None
    end_api_keys: bool | None = None


class EmailChangeRequest(RequestBody):
    current_email: str
    new_email: str


class ConfirmEmailRequest(RequestBody):
    token: Secret


class InvitationRequest(RequestBody):
    email: str
    display_name: str | None = None
    role: Literal["admin", "user"] = "user"
    is_root_user: bool = False


class UserRequest(RequestBody):
    """An omitted field keeps its value; `display_name: null` removes the name."""

    display_name: str | None = None
    role: Literal["admin", "user"] = "user"
    is_root_user: bool = False
    status: Literal["active", "suspended", "disabled"] = "active"
    suspension_reason: str | None = None


class PlanRequest(RequestBody):
    plan_name: str


class ReasonRequest(RequestBody):
    reason: str


class TermsRequest(RequestBody):
    """An omitted field keeps its value; `tax_rate: null` means the catalog's rate, `discount: null` none."""

    tax_rate: Percent | None = None
    discount: Percent | None = None


class ProfileRequest(RequestBody):
    """An omitted field keeps its value; null removes it, and sets `time_zone` to UTC again."""

    display_name: str | None = None
    description: str | None = None
    time_zone: str | None = None


class ApiKeyRequest(RequestBody):
    name: str
    expires_at: Instant | None = None


class CreditsRequest(RequestBody):
    account_id: AccountId
    amount: int = Field(ge=-MAX_MOVE, le=MAX_MOVE)
    kind: Literal["grant", "adjustment"]
    reference: str = Field(min_length=1, max_length=256)
    note: str | None = Field(default=None, max_length=1000)


class QuotaFields(RequestBody):
    """Null means no limit for the user. In a change, an omitted field keeps its value."""

    cpu_seconds_monthly: QuotaNumber | None = None
    ram_gb_seconds: QuotaNumber | None = None
    sandbox_storage_gb_seconds: QuotaNumber | None = None
    traffic_gb_seconds: QuotaNumber | None = None
    template_storage_gb: QuotaNumber | None = None
    concurrent_sandboxes: QuotaNumber | None = None


class AllocationRequest(QuotaFields):
    user_id: UserId


class FileQuotaRequest(QuotaFields):
    reason: str


class ChangeQuotaRequest(QuotaFields):
    reason: str = ""


class ReviewRequest(RequestBody):
    action: Literal["approve", "deny"]
    review_notes: str | None = None


class StartSessionRequest(RequestBody):
    account_id: AccountId
    user_id: UserId
    cpu_cores: Size
    memory_gb: Size
    storage_gb: Size
    timeout_seconds: int = Field(ge=1, le=MAX_TIMEOUT_SECONDS)
    session_id: str | None = None


def sent_fields(body: RequestBody) -> dict[str, Any]:
    """The fields that were sent."""
    return body.model_dump(exclude_unset=True)


def read_body[Body: RequestBody](model: type[Body], data: Any, *, refuse_unknown: bool = False) -> Body:
    """The JSON object as the model; Invalid with the messages of all wrong fields, and `field` the first of them.

    `refuse_unknown`: also Invalid if a field is not the model's.
    """
    if not isinstance(data, dict):
        raise Invalid("The body must be a JSON object")
    check_counts(data, model.model_fields)
    if refuse_unknown:
        check_known(data, model.model_fields, kind="field")
    try:
        return model.model_validate(data)
    except ValidationError as error:
        fields: dict[str, list[str]] = {}
        for problem in error.errors(include_url=False, include_input=False, include_context=False):
            name = ".".join(str(part) for part in problem["loc"]) or "body"
            fields.setdefault(name, []).append(problem["msg"].removeprefix("Value error, "))
        message = "; ".join(f"{name}: {problems[0]}" for name, problems in fields.items())
        raise Invalid(message, field=next(iter(fields)), fields=fields) from error
