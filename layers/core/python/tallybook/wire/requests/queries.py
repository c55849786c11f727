"""Single values of the query string. An empty value counts as omitted."""

from collections.abc import Sequence

from fastapi import Request

from tallybook.domain.errors import Invalid

_BOOLEANS = {"true": True, "1": True, "false": False, "0": False}


def boolean(request: Request, field: str) -> bool:
    """true or false, 1 or 0, in upper or lower case; False if omitted."""
    text = request.query_params.get(field) or "false"
    if (value := _BOOLEANS.get(text.lower())) is None:
        raise Invalid(f"{field} must be true or false", field=field)
    return value


def one_of[Word: str](request: Request, field: str, words: Sequence[Word]) -> Word | None:
    """One of the words; None if omitted."""
    text = request.query_params.get(field)
    if not text:
        return None
    found = next((word for word in words if word == text), None)
    if found is None:
        raise Invalid(f"{field} must be one of {', '.join(words)}", field=field)
    return found
