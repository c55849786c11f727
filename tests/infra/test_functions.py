"""Each row of the table becomes one function with exactly its rights, code and settings."""

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from infra.groups import GROUPS, Group
from infra.stage import STAGES, Stage
from tests.support.template import Synthesized

each_group = pytest.mark.parametrize("group", GROUPS, ids=lambda group: group.name)


def test_there_is_a_function_for_each_row_and_no_other(production: Synthesized) -> None:
    assert sorted(production.functions()) == sorted(group.name for group in GROUPS)


@each_group
def test_its_asset_is_its_own_folder_with_byte_code_beside_it(group: Group, production: Synthesized) -> None:
    folder = production.asset(production.functions()[group.name]["Code"])
    assert (folder / group.name / "app.py").is_file()
    assert (folder / group.name / "__pycache__/app.cpython-313.pyc").is_file()
    assert [entry.name for entry in folder.iterdir()] == [group.name]


@each_group
def test_it_is_sized_and_wired_as_its_row_says(group: Group, production: Synthesized) -> None:
    function = production.functions()[group.name]
    assert (function["MemorySize"], function["Timeout"]) == (group.memory, group.timeout)
    assert function["Handler"] == f"{group.name}.app.handler"
    assert (function["Runtime"], function["Architectures"]) == ("python3.13", ["arm64"])
    assert function["TracingConfig"] == {"Mode": "Active"}
    assert len(function["Layers"]) == 2
    assert set(function["Environment"]["Variables"]) == {
        "TALLYBOOK_STAGE",
        "CORE_TABLE",
        "USAGE_TABLE",
        "ALLOWED_ORIGINS",
        "POWERTOOLS_SERVICE_NAME",
        "POWERTOOLS_LOG_LEVEL",
    }
    assert "SnapStart" not in function


@each_group
def test_its_role_may_do_exactly_what_its_row_says(group: Group, production: Synthesized) -> None:
    allowed: dict[str, set[str]] = {}
    for statement in _statements(group, production):
        if any(action.startswith("dynamodb:") for action in _listed(statement["Action"])):
            (table,) = statement["Resource"].values()
            name = "core" if "Core" in table[0] else "usage"
            assert table[1] == "Arn"
            assert name not in allowed
            allowed[name] = set(_listed(statement["Action"]))
    wanted = {"core": group.core, "usage": group.usage}
    assert allowed == {name: {f"dynamodb:{action}" for action in actions} for name, actions in wanted.items()}


@each_group
def test_nothing_but_tracing_is_allowed_everywhere(group: Group, production: Synthesized) -> None:
    everywhere = [s["Action"] for s in _statements(group, production) if "*" in str(s["Resource"])]
    assert everywhere == [["xray:PutTelemetryRecords", "xray:PutTraceSegments"]]
    assert all("ManagedPolicyArns" not in role for role in production.properties("IAM::Role"))


def test_logs_are_kept_for_as_long_as_the_stage_says(production: Synthesized, on_this_computer: Synthesized) -> None:
    for stage, days in ((production, 30), (on_this_computer, 1)):
        groups = stage.properties("Logs::LogGroup")
        assert len(groups) == len(GROUPS) + 1
        assert {group["RetentionInDays"] for group in groups} == {days}


def test_with_snap_start_it_is_the_published_version_that_is_called(
    synthesize: Callable[[Stage], Synthesized],
) -> None:
    stage = synthesize(replace(STAGES["production"], snap_start=True))
    assert all(f["SnapStart"] == {"ApplyOn": "PublishedVersions"} for f in stage.functions().values())
    aliases = set(stage.resources("Lambda::Alias"))
    assert len(aliases) == len(GROUPS)
    called = [integration["IntegrationUri"] for integration in stage.properties("ApiGatewayV2::Integration")]
    called += [source["FunctionName"] for source in stage.properties("Lambda::EventSourceMapping")]
    assert set(re.findall(r"'Ref': '(\w+)'", str(called))) == aliases


def _statements(group: Group, stage: Synthesized) -> list[dict[str, Any]]:
    role = stage.functions()[group.name]["Role"]["Fn::GetAtt"][0]
    policies = [p for p in stage.properties("IAM::Policy") if {"Ref": role} in p["Roles"]]
    return [statement for policy in policies for statement in policy["PolicyDocument"]["Statement"]]


def _listed(actions: str | list[str]) -> list[str]:
    return [actions] if isinstance(actions, str) else actions
