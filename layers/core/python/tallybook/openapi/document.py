"""Builds the document from the routes, the bodies' models, the answers' models and the operations."""

import json
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from inspect import cleandoc
from typing import Any

from tallybook.domain.errors import Failed
from tallybook.openapi.bodies import with_limits
from tallybook.openapi.endpoints import FUNCTIONS, Endpoint, endpoints
from tallybook.openapi.errors import DIALECTS, GATEWAY_STATUSES, Dialect, GatewayError
from tallybook.openapi.events import EVENT_SCHEMAS, events_body
from tallybook.openapi.operations.account import ACCOUNT
from tallybook.openapi.operations.billing import BILLING, BUDGETS
from tallybook.openapi.operations.operation import Operation
from tallybook.openapi.operations.platform import PLATFORM
from tallybook.openapi.operations.quotas import QUOTAS
from tallybook.openapi.operations.signing_in import SIGNING_IN
from tallybook.openapi.operations.users import USERS
from tallybook.openapi.parameters import SECURITY_SCHEMES, SHARED, parameters_of, security_of
from tallybook.openapi.refusals import takes_body
from tallybook.openapi.request_examples import REQUEST_EXAMPLES
from tallybook.openapi.responses import Responses
from tallybook.openapi.schemas import Schema, component_schemas

AREAS = (SIGNING_IN, USERS, ACCOUNT, QUOTAS, BUDGETS, BILLING, PLATFORM)

_ABOUT = """\
Tallybook meters usage, bills it and keeps the accounts of a platform. It answers in the dialects of three existing
APIs, so that their clients work after a change of the base URL. The path decides the dialect of the answer, errors
included; any credential works on any path that its user may call ([decisions](decisions.md#the-three-dialects)).

{dialects}

A wrong method is 405 and an unknown path 404, in the dialect of the path. A body has at most 64 KiB, else 413. Answers
may get more fields and more codes within a version; a client ignores what it does not know.

The gateway before the functions refuses some requests by itself, in no dialect: the body is `{{"message": …}}`
(`GatewayError`, or no JSON at all), and there is no `Retry-After` ([which](edge.md#what-the-gateway-answers)).
"""


def build_document() -> dict[str, Any]:
    """The OpenAPI document of all functions' routes."""
    routes = {(endpoint.method, endpoint.path): endpoint for endpoint in endpoints()}
    responses = Responses()
    paths: dict[str, dict[str, Any]] = {}
    for tag, endpoint, operation in _operations(routes):
        paths.setdefault(endpoint.path, {})[endpoint.method.lower()] = {
            "tags": [tag],
            **_operation(endpoint, operation, responses),
        }
    return {
        "openapi": "3.1.1",
        "info": {"title": "Tallybook", "version": _version(), "description": _about(), "license": {"name": "MIT"}},
        "servers": [{"url": "/"}],
        "tags": [{"name": area.name, "description": area.description} for area in AREAS],
        "paths": paths,
        "components": {
            "schemas": _schemas(routes.values(), responses),
            "responses": dict(sorted(responses.shared.items())),
            "parameters": SHARED,
            "examples": dict(sorted(responses.examples.items())),
            "securitySchemes": SECURITY_SCHEMES,
        },
        "x-dialects": {dialect.name: _dialect(dialect) for dialect in DIALECTS},
        "x-gateway": {
            "summary": cleandoc(GatewayError.__doc__ or ""),
            "errors": {str(status): {"$ref": "#/components/schemas/GatewayError"} for status in GATEWAY_STATUSES},
        },
    }


def document_text() -> str:
    """The document as `docs/openapi.json` keeps it."""
    return json.dumps(build_document(), indent=1, ensure_ascii=False) + "\n"


def _operations(
    routes: Mapping[tuple[str, str], Endpoint],
) -> Iterator[tuple[str, Endpoint, Operation]]:
    """Each route with its tag and operation, in the order of the areas; Failed for a route without an operation."""
    known = {key: (area.name, operation) for area in AREAS for key, operation in area.operations.items()}
    if missing := [" ".join(key) for key in routes if key not in known]:
        raise Failed(f"tallybook/openapi/operations has no operation for {', '.join(missing)}")
    return ((tag, routes[key], operation) for key, (tag, operation) in known.items() if key in routes)


def _operation(endpoint: Endpoint, operation: Operation, responses: Responses) -> dict[str, Any]:
    described = [operation.description or cleandoc(endpoint.doc or ""), *_role(operation)]
    description = "\n\n".join(part for part in described if part)
    parameters = parameters_of(endpoint, operation)
    return {
        "operationId": operation.id,
        "summary": operation.summary,
        **({"description": description} if description else {}),
        **({"parameters": parameters} if parameters else {}),
        **({"requestBody": _request_body(endpoint)} if takes_body(endpoint) else {}),
        "responses": responses.of(endpoint, operation),
        "security": security_of(endpoint, operation),
    }


def _role(operation: Operation) -> Iterator[str]:
    if operation.who == "root":
        yield "For root users of the account."
    elif operation.who not in ("public", "user"):
        yield f"For a platform key with the scope `{operation.who}`."


def _request_body(endpoint: Endpoint) -> Schema:
    if endpoint.body is None:
        return events_body()
    name = endpoint.body.__name__
    schema = {"$ref": f"#/components/schemas/{name}"}
    return {
        "required": True,
        "content": {"application/json": {"schema": schema, "example": REQUEST_EXAMPLES[name]}},
    }


def _schemas(routes: Iterable[Endpoint], responses: Responses) -> dict[str, Schema]:
    bodies = {endpoint.body for endpoint in routes if endpoint.body is not None}
    models = {GatewayError}.union(responses.models, *(dialect.errors.values() for dialect in DIALECTS))
    requests = component_schemas(sorted(bodies, key=lambda model: model.__name__), defaults=True)
    found = {
        **{name: with_limits(name, schema) for name, schema in requests.items()},
        **component_schemas(sorted(models, key=lambda model: model.__name__), defaults=False),
        **responses.envelopes,
        **EVENT_SCHEMAS,
    }
    return dict(sorted(found.items()))


def _about() -> str:
    return _ABOUT.format(dialects="\n".join(map(_about_dialect, DIALECTS)))


def _about_dialect(dialect: Dialect) -> str:
    paths = f" ({', '.join(f'`{path}`' for path in dialect.paths)})" if dialect.paths else ""
    return f"- [{dialect.name}](decisions.md#{dialect.name.lower()}){paths}: {dialect.summary}."


def _dialect(dialect: Dialect) -> dict[str, Any]:
    """The dialect for machines: its prefixes of paths, and its errors by status."""
    errors = {status: {"$ref": f"#/components/schemas/{model.__name__}"} for status, model in dialect.errors.items()}
    return {"summary": dialect.summary, "paths": list(dialect.paths), "errors": errors}


def _version() -> str:
    version: str = tomllib.loads((FUNCTIONS.parent / "pyproject.toml").read_text())["project"]["version"]
    return version
