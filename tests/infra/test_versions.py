"""Every function is invoked by its alias, and a change of code, libraries or settings publishes a version."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from infra import layers
from infra.bundle import Bundle
from infra.groups import GROUPS
from infra.stack import stack_name
from infra.stage import STAGES, Stage, local
from tests.support.template import Properties, Synthesized, synthesized

each_stage = pytest.mark.parametrize("stage", [*STAGES.values(), local(8000)], ids=lambda stage: stage.name)


@each_stage
def test_everything_that_invokes_calls_the_alias(stage: Stage, synthesize: Callable[[Stage], Synthesized]) -> None:
    built = synthesize(stage)
    called = [integration["IntegrationUri"] for integration in built.properties("ApiGatewayV2::Integration")]
    called += [source["FunctionName"] for source in built.properties("Lambda::EventSourceMapping")]
    called += [one["Endpoint"] for one in built.properties("SNS::Subscription") if one["Protocol"] == "lambda"]
    called += [target["Arn"] for rule in built.properties("Events::Rule") for target in rule["Targets"]]
    called += [output["Value"] for name, output in built.template["Outputs"].items() if name.endswith("Function")]
    assert {_referred(address) for address in called} == set(_aliases(built))


@each_stage
def test_only_the_alias_may_be_invoked(stage: Stage, synthesize: Callable[[Stage], Synthesized]) -> None:
    built = synthesize(stage)
    allowed = {_referred(permission["FunctionName"]) for permission in built.properties("Lambda::Permission")}
    assert allowed <= set(_aliases(built))


def test_the_alias_of_each_function_names_its_published_version(production: Synthesized) -> None:
    versions = production.resources("Lambda::Version")
    aliases = _aliases(production)
    assert len(aliases) == len(versions) == len(GROUPS)
    for alias in aliases.values():
        version, attribute = alias["FunctionVersion"]["Fn::GetAtt"]
        assert (alias["Name"], attribute) == ("live", "Version")
        assert versions[version]["Properties"]["FunctionName"] == alias["FunctionName"]


def test_the_version_before_is_deleted_with_the_release(production: Synthesized) -> None:
    assert {version["DeletionPolicy"] for version in production.resources("Lambda::Version").values()} == {"Delete"}


@pytest.mark.parametrize("layer", ["core_bundle", "deps_bundle"])
def test_a_changed_layer_publishes_a_version_of_each_function(
    layer: str, production: Synthesized, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    unchanged = getattr(layers, layer)

    def changed(*target: str | None) -> Bundle:
        bundle = unchanged(*target)
        return replace(bundle, digest=bundle.digest[::-1])

    monkeypatch.setattr(layers, layer, changed)
    after = synthesized(production.stage, tmp_path)
    assert len(_versions(after)) == len(GROUPS)
    assert not _versions(after) & _versions(production)


def test_a_changed_setting_publishes_a_version(production: Synthesized, tmp_path: Path) -> None:
    after = synthesized(replace(production.stage, log_level="DEBUG"), tmp_path)
    assert len(_versions(after)) == len(GROUPS)
    assert not _versions(after) & _versions(production)


def test_a_second_synthesis_is_the_same_to_the_byte(production: Synthesized, tmp_path: Path) -> None:
    again = synthesized(production.stage, tmp_path)
    for kind in ("template", "assets"):
        name = f"{stack_name(production.stage)}.{kind}.json"
        assert (again.folder / name).read_bytes() == (production.folder / name).read_bytes()


def _aliases(stage: Synthesized) -> dict[str, Properties]:
    return {name: resource["Properties"] for name, resource in stage.resources("Lambda::Alias").items()}


def _versions(stage: Synthesized) -> set[str]:
    return set(stage.resources("Lambda::Version"))


def _referred(address: Any) -> str:
    """The logical id that an address refers to."""
    (name,) = re.findall(r'"Ref": "(\w+)"', json.dumps(address))
    return str(name)
