"""Each row of the table of groups becomes one function with its code and settings."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from infra.groups import GROUPS, Group
from infra.layers import platform_of
from infra.stage import STAGES, Stage, local
from tests.infra.settings import WITH_SETTINGS
from tests.support.template import Properties, Synthesized

SETTINGS = {
    "TALLYBOOK_STAGE",
    "CORE_TABLE",
    "USAGE_TABLE",
    "USAGE_SHARDS",
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
    archive = {"ARCHIVE_BUCKET", "CORE_TABLE_ARN", "USAGE_TABLE_ARN"} if group.archive else set()
    assert set(function["Environment"]["Variables"]) == SETTINGS | pages | mail | bus | queue | archive
    assert function["Environment"]["Variables"]["USAGE_SHARDS"] == "1"
    assert "SnapStart" not in function


def test_logs_are_kept_for_the_stages_retention(production: Synthesized, on_this_computer: Synthesized) -> None:
    for stage, days in ((production, 30), (on_this_computer, 1)):
        groups = stage.properties("Logs::LogGroup")
        assert len(groups) == len(stage.functions()) + 1
        assert {group["RetentionInDays"] for group in groups} == {days}


def test_logs_outlive_their_stack_but_not_a_failed_creation(production: Synthesized) -> None:
    kept = {(group["DeletionPolicy"], group["UpdateReplacePolicy"]) for group in _log_groups(production)}
    assert kept == {("RetainExceptOnCreate", "Retain")}


def test_with_snap_start_published_versions_have_snapshots(synthesize: Callable[[Stage], Synthesized]) -> None:
    stage = synthesize(WITH_SETTINGS)
    assert all(f["SnapStart"] == {"ApplyOn": "PublishedVersions"} for f in stage.functions().values())


def test_the_libraries_are_installed_for_the_processor_of_the_functions() -> None:
    stage = STAGES["production"]
    assert platform_of(stage) == "aarch64-manylinux_2_28"
    assert platform_of(replace(stage, arm=False)) == "x86_64-manylinux_2_28"
    assert platform_of(local(8000)) is None


def _log_groups(stage: Synthesized) -> list[Properties]:
    return list(stage.resources("Logs::LogGroup").values())
