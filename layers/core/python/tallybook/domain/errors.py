"""All errors of the product, as one small tree.

    TallybookError
    ├── Invalid           the request can't be read or breaks a rule        `field`: the wrong one
    ├── Unauthenticated   no credential, or an invalid one
    ├── PaymentRequired   a payment or a saved card is needed first
    ├── Forbidden         authenticated, but not allowed
    ├── NotFound          does not exist, or this caller may not see it     `resource`: its kind
    ├── NotAllowed        the path exists, but not with this method          `allowed`: the methods that it has
    ├── Conflict          conflicts with the stored state
    ├── TooLarge          over a size limit
    ├── UnknownEncoding   the body is compressed in a way that is not read
    ├── KeyReused         another request with the same idempotency key
    ├── TooManyRequests   over a rate limit                                 `retry_after`: seconds
    ├── Unavailable       not possible now; a retry may help                 `retry_after`: seconds
    └── Failed            a defect of the product; callers see the message, the log has the cause

`code` is for machines, `message` for people. The dialect of the path turns an error into status and body
(`wire/dialects.py`).
"""


class TallybookError(Exception):
    """A code for machines and a message for people. Clients see both, so neither may contain secrets."""

    code = "error"

    def __init__(self, message: str, *, code: str | None = None, field: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or type(self).code
        self.field = field


class Invalid(TallybookError):
    code = "invalid_request"

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        field: str | None = None,
        fields: dict[str, list[str]] | None = None,
    ) -> None:
        super().__init__(message, code=code, field=field)
        self.fields = fields or ({field: [message]} if field else {})


class Unauthenticated(TallybookError):
    code = "unauthorized"


class PaymentRequired(TallybookError):
    code = "payment_required"


class Forbidden(TallybookError):
    code = "forbidden"


class NotFound(TallybookError):
    code = "not_found"

    def __init__(self, message: str, *, resource: str = "resource", code: str | None = None) -> None:
        super().__init__(message, code=code)
        self.resource = resource


class NotAllowed(TallybookError):
    code = "method_not_allowed"

    def __init__(self, message: str, *, allowed: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.allowed = allowed


class Conflict(TallybookError):
    code = "conflict"


class TooLarge(TallybookError):
    code = "too_large"


class UnknownEncoding(TallybookError):
    code = "unknown_encoding"


class KeyReused(TallybookError):
    code = "idempotency_key_reused"


class TooManyRequests(TallybookError):
    code = "too_many_requests"

    def __init__(self, message: str, *, retry_after: int) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Unavailable(TallybookError):
    code = "unavailable"
    retry_after = 1


class Failed(TallybookError):
    code = "internal_error"
