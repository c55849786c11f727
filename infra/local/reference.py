"""`/_local/reference` shows the reference of the API as one page, rendered from `docs/openapi.json`."""

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from infra.bundle import ROOT

type Schema = Mapping[str, Any]

FILE = ROOT / "docs/openapi.json"

_PAGES = Environment(
    loader=FileSystemLoader(Path(__file__).with_name("reference_pages")),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_DOCS = "/_local/documents/docs/"
_SCHEMAS = "#/components/schemas/"
_LIMITS = {
    "minimum": "at least {}",
    "exclusiveMinimum": "above {}",
    "maximum": "at most {}",
    "minLength": "at least {} characters",
    "maxLength": "at most {} characters",
    "minItems": "at least {} items",
    "maxItems": "at most {} items",
    "pattern": "like `{}`",
    "default": "by default `{}`",
}


def document_json() -> str:
    """The document as it is kept."""
    return FILE.read_text(encoding="utf-8")


@cache
def reference_page() -> str:
    document = json.loads(document_json())
    view = _View(document)
    return _PAGES.get_template("reference.html").render(
        document=document,
        areas=[(tag, list(view.operations(tag["name"]))) for tag in document["tags"]],
        schemas=view.shown_schemas(),
        view=view,
        paragraphs=document["info"]["description"].split("\n\n"),
    )


class _View:
    """What the template asks of the document."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._document = document

    def operations(self, tag: str) -> Iterator[tuple[str, str, Schema]]:
        """The method, path and operation of each operation of the tag."""
        for path, methods in self._document["paths"].items():
            for method, operation in methods.items():
                if tag in operation["tags"]:
                    yield method.upper(), path, operation

    def resolve(self, part: Schema) -> Schema:
        """What the part's `$ref` names, or the part."""
        if "$ref" not in part:
            return part
        found: Any = self._document
        for name in part["$ref"].removeprefix("#/").split("/"):
            found = found[name]
        return self.resolve(found)

    def who(self, operation: Schema) -> str:
        """Who may call, with the scope or role that is needed."""
        if not operation["security"]:
            return "anybody"
        schemes = ", ".join(name for one in operation["security"] for name in one)
        roles = {role for one in operation["security"] for needed in one.values() for role in needed}
        return f"{schemes}{''.join(f'; {role}' for role in sorted(roles))}"

    def shown_schemas(self) -> dict[str, Schema]:
        """The objects by name, without ScaleBox's envelopes, which are shown by their data."""
        schemas = self._document["components"]["schemas"]
        return {name: schema for name, schema in schemas.items() if not self._data_of(schema)}

    def body_type(self, media: Schema) -> Markup:
        """The type of a body: of ScaleBox's envelope, the type of its data."""
        data = self._data_of(self.resolve(media["schema"]))
        return (
            Markup("an envelope with <code>data</code>: {}").format(self.type_of(data))
            if data
            else self.type_of(media["schema"])
        )

    def type_of(self, schema: Schema) -> Markup:
        """The type in words, with a link to each named object."""
        if "$ref" in schema:
            name = schema["$ref"].removeprefix(_SCHEMAS)
            return Markup('<a href="#{0}">{0}</a>').format(name)
        if "anyOf" in schema:
            return Markup(" or ").join(self.type_of(one) for one in schema["anyOf"])
        if "enum" in schema:
            return Markup(", ").join(Markup("<code>{}</code>").format(json.dumps(word)) for word in schema["enum"])
        if "const" in schema:
            return Markup("<code>{}</code>").format(json.dumps(schema["const"]))
        kinds = schema.get("type", "any value")
        words = " or ".join([kinds] if isinstance(kinds, str) else kinds)
        if "items" in schema:
            return Markup("list of {}").format(self.type_of(schema["items"]))
        return escape(f"{words} ({schema['format']})" if "format" in schema else words)

    def limits(self, schema: Schema) -> Markup:
        """The limits in words."""
        shown = ((text, schema[name]) for name, text in _LIMITS.items() if schema.get(name) is not None)
        return inline(", ".join(text.format(value) for text, value in shown if value not in ("", [])))

    def codes(self, media: Schema) -> list[tuple[str, str]]:
        """The codes of an error, each with its message."""
        examples = media.get("examples", {}).items()
        resolved = ((name, self.resolve(one)) for name, one in examples)
        return [(name, one["summary"]) for name, one in resolved if "summary" in one]

    def example(self, media: Schema) -> Any:
        if "example" in media:
            return media["example"]
        return next((self.resolve(one)["value"] for one in media.get("examples", {}).values()), None)

    def _data_of(self, schema: Schema) -> Schema | None:
        fields = schema.get("properties", {})
        data: Schema | None = fields.get("data") if fields.keys() == {"success", "data", "timestamp"} else None
        return data


def inline(text: str) -> Markup:
    """Code and links of Markdown as HTML. A link is relative to `docs/`, whose pages the bundle shows as text."""
    html = re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(text)))
    return Markup(re.sub(r"\[([^]]+)\]\(([^)#]+)[^)]*\)", rf'<a href="{_DOCS}\2">\1</a>', html))  # noqa: S704 escaped


def pretty(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)


_PAGES.filters |= {"inline": inline, "pretty": pretty}
