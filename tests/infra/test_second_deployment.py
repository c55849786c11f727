"""A second deployment of one commit changes nothing; one of changed code and layer serves both, over kept data.

The data are golden items of the first format: afterwards today's handlers read them in the tables of the stack.

The template is the local stage's; its code is a few lines, because real libraries take seconds to unpack and import.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from infra import function, layers
from infra.bundle import Bundle
from infra.local.bundle import STACK
from infra.local.cloud import Cloud, ministack
from infra.local.deploy import deploy
from infra.release.outputs import release_of
from infra.stage import local
from tallybook.services.releases.formats import record_release
from tests.golden.loading import load
from tests.golden.present import handlers_of
from tests.support.app import App
from tests.support.call import call
from tests.support.cloud import make_context
from tests.support.template import synthesized

HANDLER = """
from of_the_layer import RELEASE
def handler(event, context):
    return {"function": "<release>", "layer": RELEASE}
"""
ROOT_USERS = ("ada", "eve", "fay", "hal")
PATHS = ("/auth/me", "/v1/billing/current", "/v1/billing/invoices", "/v1/billing/history", "/v1/budgets")

type Release = Callable[[str], Path]


def test_the_same_again_is_a_no_op_and_a_change_is_served_over_golden_items(release: Release) -> None:
    with ministack() as cloud:
        first = release("first")
        outputs = deploy(cloud, first, STACK, "first").outputs
        outbox = outputs["OutboxFunction"]
        app = _app_on(cloud, outputs)
        credentials = load(app, "1")
        stored = _stored(app)
        assert _call(cloud, outbox) == {"function": "first", "layer": "first"}
        before = _events(cloud)
        deploy(cloud, first, STACK, "first")
        assert _events(cloud) == before
        assert deploy(cloud, release("second"), STACK, "second").outputs == outputs
        assert _call(cloud, outbox) == {"function": "second", "layer": "second"}
        assert _versions(cloud, outbox) == ["$LATEST", "2"]
        assert _stored(app) == stored
        assert record_release(app.ctx, deployed=release_of(outputs)).stored == (1, 2)
        with handlers_of(app):
            answers = {(name, path): call("GET", path, key=credentials[name]) for name in ROOT_USERS for path in PATHS}
        assert {read: answer.text for read, answer in answers.items() if answer.status != 200} == {}


def _app_on(cloud: Cloud, outputs: Mapping[str, str]) -> App:
    """Today's handlers, on the tables of the stack."""
    names = {"core": outputs["CoreTable"], "usage": outputs["UsageTable"]}
    client = cloud.client("dynamodb")
    return App(make_context(client, names=names), client, names)


def _stored(app: App) -> list[Any]:
    return [app.stored(table) for table in ("core", "usage")]


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
