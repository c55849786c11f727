"""A synthesized stage: its template's resources by type, and the folder that each function's code comes from."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.stack import stack_name
from infra.stage import Stage

type Properties = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Synthesized:
    stage: Stage
    folder: Path

    @property
    def template(self) -> dict[str, Any]:
        return dict(json.loads((self.folder / f"{stack_name(self.stage)}.template.json").read_text()))

    def resources(self, kind: str) -> dict[str, Properties]:
        """Logical id -> the whole resource."""
        return {key: value for key, value in self.template["Resources"].items() if value["Type"] == f"AWS::{kind}"}

    def properties(self, kind: str) -> list[Properties]:
        return [resource["Properties"] for resource in self.resources(kind).values()]

    def functions(self) -> dict[str, Properties]:
        """Group name -> the function's properties."""
        return {
            properties["Environment"]["Variables"]["POWERTOOLS_SERVICE_NAME"]: properties
            for properties in self.properties("Lambda::Function")
        }

    def asset(self, code: Properties) -> Path:
        """The folder that is zipped to this key of the bootstrap bucket."""
        files = json.loads((self.folder / f"{stack_name(self.stage)}.assets.json").read_text())["files"]
        source: str = files[code["S3Key"].removesuffix(".zip")]["source"]["path"]
        return self.folder / source


def format_value(value: Any) -> str:
    """A value of the template in one line, ids without their hash: `TablesCore.Arn/index/work`.

    A part of a value is formatted as the whole value.
    """
    match value:
        case str():
            return value
        case {"Ref": name}:
            return _unhashed(name)
        case {"Fn::GetAtt": [name, attribute]}:
            return f"{_unhashed(name)}.{attribute}"
        case {"Fn::Join": [separator, parts]}:
            return str(separator).join(format_value(part) for part in parts)
        case {"Fn::Select": [_, {"Fn::Split": [_, whole]}]}:
            return format_value(whole)
    raise ValueError(f"can't be formatted in one line: {value}")


def _unhashed(logical_id: str) -> str:
    return re.sub(r"[0-9A-F]{8}$", "", logical_id)


def synthesized(stage: Stage, folder: Path) -> Synthesized:
    from infra.assembly import synthesize

    synthesize(stage, folder, copy_assets=False)
    return Synthesized(stage, folder)
