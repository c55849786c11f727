"""JSON schemas of pydantic models in the form that the document publishes."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

type Schema = dict[str, Any]

_REF = "#/components/schemas/{model}"


def component_schemas(models: Iterable[type[BaseModel]], *, defaults: bool) -> dict[str, Schema]:
    """The schemas of the models and of all that they contain, by name. `defaults`: keep the default values."""
    _, found = models_json_schema([(model, "validation") for model in models], ref_template=_REF)
    return {name: publish(schema, defaults=defaults) for name, schema in found.get("$defs", {}).items()}


def publish(schema: Any, *, defaults: bool) -> Any:
    """Without titles, and with `type: [x, "null"]` for what may be null."""
    if isinstance(schema, list):
        return [publish(one, defaults=defaults) for one in schema]
    if not isinstance(schema, dict):
        return schema
    dropped = {"title"} if defaults else {"title", "default"}
    kept = {
        name: _publish_part(name, part, defaults=defaults)
        for name, part in schema.items()
        if name not in dropped or not isinstance(part, str | int | float | bool | list | None)
    }
    return _nullable(kept)


def _publish_part(name: str, part: Any, *, defaults: bool) -> Any:
    if name == "properties":
        return {field: publish(schema, defaults=defaults) for field, schema in part.items()}
    return part if name in ("enum", "const", "default", "example", "examples") else publish(part, defaults=defaults)


def _nullable(schema: Schema) -> Schema:
    """`anyOf` of one plain type and null as one schema; a reference keeps its `anyOf`."""
    options = schema.get("anyOf", ())
    if len(options) != 2 or {"type": "null"} not in options:
        return schema
    other = next(option for option in options if option != {"type": "null"})
    if not isinstance(other.get("type"), str):
        return schema
    merged = {**other, **{name: part for name, part in schema.items() if name != "anyOf"}}
    merged["type"] = [other["type"], "null"]
    if "enum" in merged:
        merged["enum"] = [*merged["enum"], None]
    return merged


def references(part: Any) -> Iterator[str]:
    """Each `$ref` in it."""
    if isinstance(part, Mapping):
        for name, inner in part.items():
            if name == "$ref" and isinstance(inner, str):
                yield inner
            else:
                yield from references(inner)
    elif isinstance(part, list):
        for inner in part:
            yield from references(inner)
