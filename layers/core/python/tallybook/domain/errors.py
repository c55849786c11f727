"""Every refusal of the system, as one small tree.

    TallybookError
    ├── Invalid           the request can't be read or breaks a rule        `field` names what
    ├── Unauthenticated   no credential, or one that does not hold
    ├── PaymentRequired   something has to be paid, or a card saved, first
    ├── Forbidden         known, but not allowed
    ├── NotFound          there is no such thing for this caller            `resource` names what
    ├── NotAllowed        the path is there, this method on it is not
    ├── Conflict          it collides with what is there
    ├── TooLarge          over a stated size
    ├── TooManyRequests   over a stated rate                                `retry_after` in seconds
    ├── Unavailable       could not be done now; trying again may help
    └── Failed            a defect of ours; the message is for the caller, the cause for the log

`code` is the machine's word, `message` the reader's. Which status and which body they become is the business of
the dialect of the path (`tallybook.wire`).
"""


class TallybookError(Exception):
    """What every refusal carries: a code for machines and a message for readers, neither of them secret."""

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


class Conflict(TallybookError):
    code = "conflict"


class TooLarge(TallybookError):
    code = "too_large"


class TooManyRequests(TallybookError):
    code = "too_many_requests"

    def __init__(self, message: str, *, retry_after: int) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Unavailable(TallybookError):
    code = "unavailable"


class Failed(TallybookError):
    code = "internal_error"
