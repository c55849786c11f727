"""Compares each answer of the handlers with `docs/openapi.json`, which has every route, field and error.

An object of an answer may have no field that the document lacks, though clients must accept more.
"""

import json
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote

from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

FILE = Path(__file__).parents[2] / "docs/openapi.json"
RENEW = "Correct layers/core/python/tallybook/openapi, then run: .venv/bin/tallybook openapi > docs/openapi.json"

_ANSWERS, _REQUESTS = "urn:answers", "urn:requests"
_OF_ANY_ROUTE = (404, 405, 500, 503)


class Place(NamedTuple):
    """An operation by the template of its path and its method."""

    template: str
    method: str


class Exchange(NamedTuple):
    """A request, whose `sent` is its body as text, and the answer's status, headers and body."""

    method: str
    path: str
    sent: str
    status: int
    headers: Mapping[str, str]
    text: str


def check_exchange(exchange: Exchange) -> None:
    """AssertionError, with what differs, if the answer is not as the document says."""
    problem = _problem(exchange)
    assert problem is None, f"{exchange.method} {exchange.path[:200]} answers {exchange.status}: {problem}. {RENEW}"


def operation_of(place: Place) -> dict[str, Any]:
    found: dict[str, Any] = document()["paths"][place.template][place.method]
    return found


@cache
def document() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
    return found


def resolve(part: dict[str, Any]) -> dict[str, Any]:
    """What the part's `$ref` names, or the part."""
    while "$ref" in part:
        found: Any = document()
        for name in part["$ref"].removeprefix("#/").split("/"):
            found = found[name]
        part = found
    return part


def validator_of(pointer: str, *, closed: bool) -> Draft202012Validator:
    """The validator of the schema at this pointer into the document, like `/components/schemas/Invoice`."""
    schema = {"$ref": f"{_ANSWERS if closed else _REQUESTS}#{pointer}"}
    return Draft202012Validator(schema, registry=_registry(), format_checker=Draft202012Validator.FORMAT_CHECKER)


def _problem(exchange: Exchange) -> str | None:
    place = _place_of(exchange.method, unquote(exchange.path, errors="surrogateescape"))
    if place is None or (exchange.method, exchange.status) == ("HEAD", 405):
        return _problem_of_no_route(exchange)
    response = operation_of(place)["responses"].get(str(exchange.status))
    if response is None:
        return "no such status is documented"
    return _problem_of_answer(exchange, place, resolve(response))


def _problem_of_answer(exchange: Exchange, place: Place, response: Mapping[str, Any]) -> str | None:
    if "content" not in response:
        return "its body is not documented" if exchange.text else None
    (kind, content), *_ = response["content"].items()
    sent = {name.lower(): value for name, value in exchange.headers.items()}
    if sent.get("content-type", "").partition(";")[0] != kind:
        return f"its type is {sent.get('content-type')}, not {kind}"
    if missing := [name for name in response.get("headers", ()) if name.lower() not in {*sent, "set-cookie"}]:
        return f"the headers {', '.join(missing)} are missing"
    if exchange.method == "HEAD" or kind != "application/json":
        return None
    return _problem_of_body(exchange, place, content) or _problem_of_request(exchange, place)


def _problem_of_body(exchange: Exchange, place: Place, content: Mapping[str, Any]) -> str | None:
    body = json.loads(exchange.text)
    code = code_of(body) if exchange.status >= 400 else None
    if code is not None and code not in content["examples"]:
        return f"the code {code} is not documented"
    return _difference(_answer_validator(place, exchange.status), body)


def _problem_of_request(exchange: Exchange, place: Place) -> str | None:
    """What was accepted must be valid; an event may be rejected in an answer of 200."""
    validator = _request_validator(place)
    is_encoded = '"data_base64"' in exchange.sent
    if exchange.status >= 300 or validator is None or is_encoded or '"reason"' in exchange.text:
        return None
    try:
        sent = json.loads(exchange.sent.removeprefix("\ufeff"))
    except ValueError:
        return None  # compressed, or in a form of CloudEvents that has no JSON body
    difference = _difference(validator, sent)
    return f"the request that it accepted is not valid: {difference}" if difference else None


def _problem_of_no_route(exchange: Exchange) -> str | None:
    """A path or method that is not documented is refused in the dialect of the path."""
    if exchange.method in ("OPTIONS", "HEAD") and not exchange.text:
        return None
    if exchange.status not in _OF_ANY_ROUTE:
        return "the document has no such route"
    errors = _dialect(exchange.path)["errors"]
    reference = errors.get(str(exchange.status)) or errors["default"]
    validator = validator_of(reference["$ref"].removeprefix("#"), closed=True)
    return _difference(validator, json.loads(exchange.text))


def code_of(body: Any) -> str | None:
    """The code of an error of any dialect."""
    error = body.get("error")
    code = error.get("code") if isinstance(error, dict) else body.get("code")
    return None if code is None else str(code)


def _difference(validator: Draft202012Validator, body: Any) -> str | None:
    if validator.is_valid(body):
        return None
    worst = best_match(validator.iter_errors(body))
    return f"{worst.json_path}: {worst.message[:300]}"


def _dialect(path: str) -> dict[str, Any]:
    dialects: list[dict[str, Any]] = list(document()["x-dialects"].values())
    for dialect in dialects:
        if any(path == prefix or path.startswith(f"{prefix}/") for prefix in dialect["paths"]):
            return dialect
    return dialects[0]


def _place_of(method: str, path: str) -> Place | None:
    """The operation that the path and method call; a path without names comes first. HEAD is answered as GET."""
    called = {"HEAD": "get"}.get(method) or (method.lower() if method.isupper() else "")
    for template, pattern in _patterns():
        if called in document()["paths"][template] and pattern.fullmatch(path):
            return Place(template, called)
    return None


@cache
def _patterns() -> list[tuple[str, re.Pattern[str]]]:
    templates = sorted(document()["paths"], key=lambda template: "{" in template)
    return [(template, re.compile(re.sub(r"\{\w+\}", "[^/]+", template))) for template in templates]


@cache
def _answer_validator(place: Place, status: int) -> Draft202012Validator:
    response = operation_of(place)["responses"][str(status)]
    pointer = f"{_pointer(place)}/responses/{status}"
    if "$ref" in response:
        pointer = response["$ref"].removeprefix("#")
    return validator_of(f"{pointer}/content/application~1json/schema", closed=True)


@cache
def _request_validator(place: Place) -> Draft202012Validator | None:
    if "requestBody" not in operation_of(place):
        return None
    return validator_of(f"{_pointer(place)}/requestBody/content/application~1json/schema", closed=False)


def _pointer(place: Place) -> str:
    template = place.template.replace("~", "~0").replace("/", "~1").replace("{", "%7B").replace("}", "%7D")
    return f"/paths/{template}/{place.method}"


@cache
def _registry() -> Registry:
    resources = {_ANSWERS: _closed(document()), _REQUESTS: document()}
    return Registry().with_resources(
        (name, Resource.from_contents(contents, default_specification=DRAFT202012))
        for name, contents in resources.items()
    )


def _closed(part: Any) -> Any:
    """The same document, in which an object has no other fields than those that its schema names."""
    if isinstance(part, list):
        return [_closed(one) for one in part]
    if not isinstance(part, dict):
        return part
    closed = {name: _closed(inner) for name, inner in part.items()}
    if isinstance(part.get("properties"), dict) and part.get("type") == "object":
        closed.setdefault("additionalProperties", False)
    return closed
