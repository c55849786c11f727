"""A second deployment of one commit changes nothing; one of changed code and layer serves both, and keeps the data.

The template is the local stage's; its code is a few lines, because real libraries take seconds to unpack and import.
"""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from infra import function, layers
from infra.bundle import Bundle
from infra.local.bundle import STACK
from infra.local.cloud import Cloud, ministack
from infra.local.deploy import deploy
from infra.stage import local
from tests.support.template import synthesized

HANDLER = """
from of_the_layer import RELEASE
def handler(event, context):
    return {"function": "<release>", "layer": RELEASE}
"""
MARK = {"pk": {"S": "MARK"}, "sk": {"S": "MARK"}}

type Release = Callable[[str], Path]


def test_the_same_again_is_a_no_op_and_a_change_is_served_over_kept_data(release: Release) -> None:
    with ministack() as cloud:
        first = release("first")
        outputs = deploy(cloud, first, STACK, "first").outputs
        core_table, outbox = outputs["CoreTable"], outputs["OutboxFunction"]
        cloud.client("dynamodb").put_item(TableName=core_table, Item=MARK)
        assert _call(cloud, outbox) == {"function": "first", "layer": "first"}
        before = _events(cloud)
        deploy(cloud, first, STACK, "first")
        assert _events(cloud) == before
        assert deploy(cloud, release("second"), STACK, "second").outputs == outputs
        assert _call(cloud, outbox) == {"function": "second", "layer": "second"}
        assert cloud.client("dynamodb").get_item(TableName=core_table, Key=MARK)["Item"] == MARK
        assert _versions(cloud, outbox) == ["$LATEST", "2"]


@pytest.fixture
def release(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Release:
    """Synthesize a release whose function and layer both have its name."""

    def synthesize(name: str) -> Path:
        folder = tmp_path / name
        layer = _bundle(folder / "layer/python", "of_the_layer.py", f"RELEASE = {name!r}\n")
        monkeypatch.setattr(layers, "core_bundle", lambda: Bundle(folder / "layer", layer))
        monkeypatch.setattr(layers, "deps_bundle", lambda _: Bundle(folder / "layer", layer))
        monkeypatch.setattr(function, "function_bundle", lambda group: _function(folder / "functions", group, name))
        return synthesized(local(8000), folder / "assembly").folder

    return synthesize


def _function(folder: Path, group: str, release: str) -> Bundle:
    digest = _bundle(folder / group / group, "app.py", HANDLER.replace("<release>", release))
    return Bundle(folder / group, digest)


def _bundle(folder: Path, name: str, content: str) -> str:
    """Write a folder of one file; returns its digest."""
    folder.mkdir(parents=True)
    (folder / name).write_text(content)
    return hashlib.sha256(f"{folder.name}{content}".encode()).hexdigest()


def _call(cloud: Cloud, function: str) -> Any:
    return json.load(cloud.client("lambda").invoke(FunctionName=function, Payload=b"{}")["Payload"])


def _events(cloud: Cloud) -> Any:
    return cloud.client("cloudformation").describe_stack_events(StackName=STACK)["StackEvents"]


def _versions(cloud: Cloud, alias: str) -> list[str]:
    listed = cloud.client("lambda").list_versions_by_function(FunctionName=alias.removesuffix(":live"))["Versions"]
    return [version["Version"] for version in listed]
