"""Rights that AWS denies a delivery: no retry helps until an operator grants them."""

from collections.abc import Iterator, Mapping

_CODES = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"})
_SERVICES = {"SendEmail": "ses", "PutEvents": "events"}


def find_denial(failure: BaseException) -> tuple[str, str] | None:
    """The denied action, like `ses:SendEmail`, and AWS's code; None for another failure."""
    for error in _chain(failure):
        if denied := _CODES & set(getattr(error, "codes", ())):  # of the bus, which answers for each event
            return "events:PutEvents", min(denied)
        response = getattr(error, "response", None)  # None for an answer that was lost
        code = response.get("Error", {}).get("Code") if isinstance(response, Mapping) else None
        if code in _CODES:
            operation = getattr(error, "operation_name", "")
            return f"{_SERVICES.get(operation, 'dynamodb')}:{operation}", code
    return None


def _chain(failure: BaseException) -> Iterator[BaseException]:
    error: BaseException | None = failure
    while error is not None:
        yield error
        error = error.__cause__
