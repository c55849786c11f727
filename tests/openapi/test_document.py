"""`docs/openapi.json` is what the code says, is valid, and leads nowhere else."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from tallybook.openapi.codes import CODES
from tallybook.openapi.document import AREAS, document_text
from tallybook.openapi.schemas import references
from tests.functions.route_catalog import PUBLIC, ROOT, USER, VALID_REQUESTS
from tests.support.reference import FILE, RENEW, Place, document, operation_of, resolve, validator_of
from tests.support.routes import Route, routes

ROOT_FOLDER = Path(__file__).parents[2]
SOURCES = [
    *(ROOT_FOLDER / "functions").rglob("*.py"),
    *(ROOT_FOLDER / "layers/core/python/tallybook/http.py",),
    *(ROOT_FOLDER / "layers/core/python/tallybook/domain").rglob("*.py"),
    *(ROOT_FOLDER / "layers/core/python/tallybook/services").rglob("*.py"),
    *(ROOT_FOLDER / "layers/core/python/tallybook/store").rglob("*.py"),
    *(ROOT_FOLDER / "layers/core/python/tallybook/wire").rglob("*.py"),
]
UNSEEN = {"delivered", "busy", "not_void", "format_refused", "error", "forbidden", "conflict", "idempotency_key_in_use"}
"""Codes of the operator's commands, of classes whose every error names another code, and of a refusal in whose place
the answer of the same request is given."""


def operations() -> Iterator[tuple[Route, dict[str, Any]]]:
    for path, methods in document()["paths"].items():
        for method in methods:
            yield Route(method.upper(), path), operation_of(Place(path, method))


def test_the_gateways_own_errors_are_described_outside_the_dialects() -> None:
    gateway = document()["x-gateway"]
    assert {"413", "429", "503"} <= set(gateway["errors"])
    for reference in gateway["errors"].values():
        assert resolve(reference)["required"] == ["message"]
    validator_of("/components/schemas/GatewayError", closed=True).validate({"message": "Too Many Requests"})
    assert "GatewayError" in document()["info"]["description"]


def test_the_kept_document_is_what_the_code_says() -> None:
    assert document_text() == FILE.read_text(encoding="utf-8"), f"The document is not up to date. {RENEW}"


def test_the_document_is_valid_openapi() -> None:
    assert [error.message for error in OpenAPIV31SpecValidator(document()).iter_errors()] == []


def test_each_route_has_one_operation_and_no_other_is_described() -> None:
    described = [Route(*key) for area in AREAS for key in area.operations]
    assert sorted(described) == sorted(routes()) == sorted(route for route, _ in operations())


def test_each_component_is_used() -> None:
    used = set(references(document()))
    schemes = {name for _, operation in operations() for one in operation["security"] for name in one}
    used |= {f"#/components/securitySchemes/{name}" for name in schemes}
    there = {f"#/components/{kind}/{name}" for kind, parts in document()["components"].items() for name in parts}
    assert there == used


def test_operations_have_an_id_of_their_own_and_a_known_tag() -> None:
    ids = [operation["operationId"] for _, operation in operations()]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch("[a-z][A-Za-z]+", id) for id in ids)
    tags = {tag["name"] for tag in document()["tags"]}
    assert {tag for _, operation in operations() for tag in operation["tags"]} == tags


@pytest.mark.parametrize("route", VALID_REQUESTS, ids=lambda route: f"{route.method} {route.path}")
def test_security_says_who_may_call(route: Route) -> None:
    caller = VALID_REQUESTS[route].caller
    needed = [
        scheme for one in operation_of(Place(route.path, route.method.lower()))["security"] for scheme in one.items()
    ]
    users = {"ApiKey", "ApiKeyAuthorization", "Bearer", "SessionCookie"}
    assert dict(needed) == {
        PUBLIC: {},
        USER: {name: [] for name in users},
        ROOT: {name: ["root"] for name in users},
    }.get(caller, {"PlatformKey": [caller]})


def media_types(part: Any, pointer: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Each media type object with the pointer to it."""
    if isinstance(part, dict):
        for name, inner in part.items():
            here = f"{pointer}/{name.replace('~', '~0').replace('/', '~1').replace('{', '%7B').replace('}', '%7D')}"
            if name == "content":
                yield from (
                    (f"{here}/{kind.replace('/', '~1').replace('+', '%2B')}", one) for kind, one in inner.items()
                )
            else:
                yield from media_types(inner, here)


def test_each_example_is_valid_and_names_no_unknown_field() -> None:
    wrong = []
    for pointer, media in media_types(document()):
        values = [media["example"]] if "example" in media else []
        values += [resolve(one)["value"] for one in media.get("examples", {}).values()]
        validator = validator_of(f"{pointer}/schema", closed=True)
        wrong += [(pointer, error.message) for value in values for error in validator.iter_errors(value)]
        assert values or "text/html" in pointer.replace("~1", "/"), pointer
    assert wrong == []


def test_each_code_in_the_source_is_documented() -> None:
    literal = re.compile(r"""\bcode\s*=\s*f?"([a-z_{}.]+)\"""")
    found = {code for file in SOURCES for code in literal.findall(file.read_text()) if "{" not in code}
    assert found - UNSEEN - CODES.keys() == set()


def test_each_documented_code_is_that_of_an_operation() -> None:
    used = {name.rpartition(".")[2] for name in document()["components"]["examples"]}
    assert CODES.keys() <= used


def test_the_links_of_the_description_lead_to_pages() -> None:
    links = re.findall(r"\]\(([^)#]+)#?([^)]*)\)", document()["info"]["description"])
    assert links
    for page, heading in links:
        text = (FILE.parent / page).read_text()
        assert f"\n## {heading.replace('-', ' ')}\n".lower() in text.lower()
