"""Each row of the table of groups becomes one function with its code and settings."""

import re
from collections.abc import Callable
from dataclasses import replace

import pytest

from infra.groups import GROUPS, Group
from infra.stage import STAGES, Stage
from tests.support.template import Synthesized

SETTINGS = {
    "TALLYBOOK_STAGE",
    "CORE_TABLE",
    "USAGE_TABLE",
    "ALLOWED_ORIGINS",
    "POWERTOOLS_SERVICE_NAME",
    "POWERTOOLS_LOG_LEVEL",
}
PAGE_SETTINGS = {"PAGE_URL", "BRAND", "APP_URL"}
MAIL_SETTINGS = {"MAIL_FROM", "MAIL_CONFIGURATION_SET", "PAGE_URL", "BRAND"}

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
def test_a_function_has_the_settings_of_its_row(group: Group, production: Synthesized) -> None:
    function = production.functions()[group.name]
    assert (function["MemorySize"], function["Timeout"]) == (group.memory, group.timeout)
    assert function["Handler"] == f"{group.name}.app.handler"
    assert (function["Runtime"], function["Architectures"]) == ("python3.13", ["arm64"])
    assert function["TracingConfig"] == {"Mode": "Active"}
    assert len(function["Layers"]) == 2
    mail = MAIL_SETTINGS if group.mail else set()
    bus = {"BUS_NAME"} if group.bus else set()
    queue = {"QUEUE_URL"} if group.queue else set()
    pages = PAGE_SETTINGS if group.paths else set()
    assert set(function["Environment"]["Variables"]) == SETTINGS | pages | mail | bus | queue
    assert "SnapStart" not in function


def test_logs_are_kept_for_the_stages_retention(production: Synthesized, on_this_computer: Synthesized) -> None:
    for stage, days in ((production, 30), (on_this_computer, 1)):
        groups = stage.properties("Logs::LogGroup")
        assert len(groups) == len(GROUPS) + 1
        assert {group["RetentionInDays"] for group in groups} == {days}


def test_with_snap_start_the_published_version_is_called(
    synthesize: Callable[[Stage], Synthesized],
) -> None:
    stage = synthesize(replace(STAGES["production"], snap_start=True))
    assert all(f["SnapStart"] == {"ApplyOn": "PublishedVersions"} for f in stage.functions().values())
    aliases = set(stage.resources("Lambda::Alias"))
    assert len(aliases) == len(GROUPS)
    called = [integration["IntegrationUri"] for integration in stage.properties("ApiGatewayV2::Integration")]
    called += [source["FunctionName"] for source in stage.properties("Lambda::EventSourceMapping")]
    called += [subscription["Endpoint"] for subscription in stage.properties("SNS::Subscription")]
    called += [target["Arn"] for rule in stage.properties("Events::Rule") for target in rule["Targets"]]
    assert set(re.findall(r"'Ref': '(\w+)'", str(called))) == aliases
