"""The body of `POST /v1/platform/events`, which is no pydantic model: CloudEvents are read one by one."""

from tallybook.domain.ids import ACCOUNT, USER
from tallybook.openapi.answers.fields import ID_SHAPE
from tallybook.openapi.request_examples import EVENT_EXAMPLE
from tallybook.openapi.schemas import Schema
from tallybook.wire.requests.cloudevents import MAX_EVENTS, TYPE

_LABEL = {"type": ["string", "null"], "minLength": 1, "maxLength": 64, "pattern": "^[^#:]*$"}
_TEXT = {"type": "string", "minLength": 1, "maxLength": 256}

USAGE_DATA: Schema = {
    "type": "object",
    "required": ["meter", "quantity"],
    "properties": {
        "meter": {"type": "string", "minLength": 1, "maxLength": 64, "description": "A meter of the catalog."},
        "quantity": {
            "anyOf": [
                {"type": "number", "exclusiveMinimum": 0, "maximum": 10**15},
                {"type": "string", "pattern": r"^[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?$"},
            ],
            "description": "Above 0, at most 10^15, at most 9 decimals; decimal text is exact.",
        },
        "user_id": {"type": ["string", "null"], "pattern": f"^{USER}{ID_SHAPE}$"},
        "session_id": _LABEL,
        "app_id": _LABEL,
        "sku": {**_LABEL, "description": "The size or plan that is priced, if the meter has some."},
    },
}

USAGE_EVENT: Schema = {
    "type": "object",
    "description": "A CloudEvent 1.0 of usage. `source` and `id` together are what makes it one event.",
    "required": ["specversion", "type", "source", "id", "time", "subject", "data"],
    "properties": {
        "specversion": {"const": "1.0"},
        "type": {"const": TYPE},
        "source": _TEXT,
        "id": _TEXT,
        "time": {"type": "string", "format": "date-time", "description": "When it was used, with an offset."},
        "subject": {"type": "string", "pattern": f"^{ACCOUNT}{ID_SHAPE}$", "description": "The account's id."},
        "data": {"$ref": "#/components/schemas/UsageData"},
    },
}

EVENT_SCHEMAS = {"UsageEvent": USAGE_EVENT, "UsageData": USAGE_DATA}

_ONE = {"$ref": "#/components/schemas/UsageEvent"}
_BATCH = {"type": "array", "items": _ONE, "maxItems": MAX_EVENTS}


def events_body() -> Schema:
    """The request body. It has one content type, because generated clients fail on several."""
    one, batch = {"value": EVENT_EXAMPLE}, {"value": [EVENT_EXAMPLE]}
    media = {"schema": {"anyOf": [_ONE, _BATCH]}, "examples": {"event": one, "batch": batch}}
    return {
        "description": "Also as `application/cloudevents+json` (one event) or `application/cloudevents-batch+json`, "
        "with `data_base64` in place of `data`, or in binary mode, with the attributes in `ce-` headers.",
        "required": True,
        "content": {"application/json": media},
    }
