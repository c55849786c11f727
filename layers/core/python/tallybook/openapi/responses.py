"""The responses of an operation: its answer, and each error."""

from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any, Literal

from pydantic import TypeAdapter

from tallybook.openapi.answers.fields import Answered, Seconds
from tallybook.openapi.endpoints import Endpoint
from tallybook.openapi.errors import (
    QUOTA,
    Dialect,
    dialect_of,
    error_example,
    error_model,
    error_response,
    example_name,
    is_usual,
)
from tallybook.openapi.examples import whole_example
from tallybook.openapi.operations.operation import Operation
from tallybook.openapi.refusals import refusals_of
from tallybook.openapi.schemas import Schema

_COOKIE = {
    "Set-Cookie": {
        "description": "The session cookie. It is HttpOnly, Secure and SameSite=Lax; an empty one ends the session.",
        "schema": {"type": "string"},
    }
}


class Message(Answered):
    """The answer to a change that returns no data."""

    success: Literal[True]
    message: str
    timestamp: Seconds


class Responses:
    """Responses by operation, and the components that they refer to."""

    def __init__(self) -> None:
        self.shared: dict[str, Any] = {}
        """Errors that are alike in all operations of a dialect."""
        self.examples: dict[str, Any] = {}
        """Bodies of errors, by dialect, status and code."""
        self.envelopes: dict[str, Schema] = {}
        self.models: set[type[Answered]] = set()

    def of(self, endpoint: Endpoint, operation: Operation) -> dict[str, Any]:
        """The responses by status."""
        dialect = dialect_of(endpoint.path)
        if operation.is_empty:
            return {str(operation.status): {"description": "No body"}}
        answer = self._page() if operation.is_page else self._answer(operation, dialect)
        errors = {
            str(status): self._error(dialect, status, codes, operation.error_models.get(status))
            for status, codes in refusals_of(endpoint, operation).items()
        }
        return {str(operation.status): answer, **errors}

    def _page(self) -> dict[str, Any]:
        return {"description": "An HTML page", "content": {"text/html": {"schema": {"type": "string"}}}}

    def _answer(self, operation: Operation, dialect: Dialect) -> dict[str, Any]:
        response: dict[str, Any] = {"description": HTTPStatus(operation.status).phrase}
        if operation.sets_cookie:
            response["headers"] = _COOKIE
        content: dict[str, Any] = {"schema": {"$ref": f"#/components/schemas/{self._schema(operation, dialect)}"}}
        example = whole_example(operation.example or "message")
        if operation.nullable:
            content["examples"] = {"set": {"value": example}, "none": {"value": whole_example("budget_none")}}
        else:
            content["example"] = example
        return {**response, "content": {"application/json": content}}

    def _schema(self, operation: Operation, dialect: Dialect) -> str:
        """The name of the answer's schema. ScaleBox's envelope of each model is a schema of its own."""
        model = operation.answer or Message
        self.models.add(model)
        if dialect is QUOTA or model is Message:
            return model.__name__
        name = f"{model.__name__}{'OrNull' if operation.nullable else ''}Answer"
        self.envelopes[name] = _envelope(model, nullable=operation.nullable)
        return name

    def _error(
        self, dialect: Dialect, status: int, codes: Iterable[str], model: type[Answered] | None
    ) -> dict[str, Any]:
        codes = tuple(codes)
        self.models.add(model or error_model(dialect, status))
        for code in codes:
            self.examples.setdefault(example_name(dialect, status, code), error_example(dialect, status, code))
        response = error_response(dialect, status, codes, model=model or error_model(dialect, status))
        if model is not None or not is_usual(status, codes):
            return response
        name = f"{dialect.name}{status}"
        self.shared[name] = response
        return {"$ref": f"#/components/responses/{name}"}


def _envelope(model: type[Answered], *, nullable: bool) -> Schema:
    """ScaleBox's envelope of an answer's data."""
    data: Mapping[str, Any] = {"$ref": f"#/components/schemas/{model.__name__}"}
    return {
        "type": "object",
        "required": ["success", "data", "timestamp"],
        "properties": {
            "success": {"const": True, "type": "boolean"},
            "data": {"anyOf": [data, {"type": "null"}]} if nullable else data,
            "timestamp": TypeAdapter(Seconds).json_schema(),
        },
    }
