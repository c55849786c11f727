"""A digest of all inputs of the deployed bundle. If it is unchanged, a start builds nothing."""

import hashlib
from pathlib import Path

from infra.bundle import ROOT
from infra.stage import Stage

_SOURCES = ("infra", "functions", "layers/core/python", "layers/deps", "cdk.json")
_SUFFIXES = (".py", ".toml", ".lock", ".json", ".j2", ".html", ".css", ".js")


def digest_of_inputs(stage: Stage) -> str:
    digest = hashlib.sha256(repr(stage).encode())
    for source in _SOURCES:
        for path in _files(ROOT / source):
            digest.update(f"{path.relative_to(ROOT)}\0".encode() + path.read_bytes())
    return digest.hexdigest()


def _files(source: Path) -> list[Path]:
    if source.is_file():
        return [source]
    inputs = (path for path in source.rglob("*") if path.suffix in _SUFFIXES and "node_modules" not in path.parts)
    return sorted(path for path in inputs if path.is_file())
