"""The types of fields that many answers share."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, WithJsonSchema

from tallybook.domain import ids


class Answered(BaseModel):
    """A JSON object of an answer; the string below a field is its description."""

    model_config = ConfigDict(use_attribute_docstrings=True)


ID_SHAPE = "[A-Za-z0-9-]{1,64}"


def _id(prefix: str) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "pattern": f"^{prefix}{ID_SHAPE}$"})


AccountId = Annotated[str, _id(ids.ACCOUNT)]
UserId = Annotated[str, _id(ids.USER)]
ApiKeyId = Annotated[str, _id(ids.API_KEY)]
SubscriptionId = Annotated[str, _id(ids.SUBSCRIPTION)]
EntryId = Annotated[str, _id(ids.ENTRY)]
InvoiceId = Annotated[str, _id(ids.INVOICE)]
PlanChangeId = Annotated[str, _id(ids.PLAN_CHANGE)]
AllocationId = Annotated[str, _id(ids.ALLOCATION)]
RequestId = Annotated[str, _id(ids.QUOTA_REQUEST)]
NotificationId = Annotated[str, _id(ids.NOTIFICATION)]

Seconds = Annotated[
    str,
    WithJsonSchema(
        {"type": "string", "format": "date-time", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$"},
    ),
]
"""2026-04-20T12:34:56Z"""

Milliseconds = Annotated[
    str,
    WithJsonSchema(
        {"type": "string", "format": "date-time", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$"},
    ),
]
"""2026-05-09T19:14:02.000Z"""

Day = Annotated[str, WithJsonSchema({"type": "string", "format": "date"})]
Email = Annotated[str, WithJsonSchema({"type": "string", "format": "email"})]
Amount = Annotated[float, WithJsonSchema({"type": "number"})]
"""Units of the currency: 12.84."""

Number = Annotated[float, WithJsonSchema({"type": "number"})]
DecimalText = Annotated[str, WithJsonSchema({"type": "string", "pattern": r"^-?\d+(\.\d+)?$"})]


class Pagination(Answered):
    """Where a page is in its list."""

    page: int
    """From 1."""
    limit: int
    """The most items of a page, as it was asked for."""
    total: int
    """The items of the whole list."""
    total_pages: int
    """0 for an empty list."""
    offset: int
    """The items before this page."""
