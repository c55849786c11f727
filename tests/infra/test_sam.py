"""AWS SAM finds each function, layer and route of the template, and `make sam` needs a bundle and an engine."""

import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from infra.bundle import ROOT
from infra.edge.throttling import SIGN_IN_ROUTES
from infra.groups import GROUPS
from infra.local.callers import CONTAINERS_NAME
from infra.local.sam import SAM, environment, main, prepare
from infra.local.state_dir import StateDir
from infra.local.variables import write_variables
from tests.support.connections import listening

BUNDLE = {
    "TALLYBOOK_URL": "http://localhost:8123",
    "AWS_ENDPOINT_URL": "http://127.0.0.1:4567",
    "AWS_ACCESS_KEY_ID": "AKIAOFTHEBUNDLE",
    "AWS_SECRET_ACCESS_KEY": "secret-of-the-bundle",
    "CORE_TABLE": "core-of-the-bundle",
    "USAGE_TABLE": "usage-of-the-bundle",
}


@dataclass(frozen=True, slots=True)
class View:
    functions: Mapping[str, Any]
    routes: Mapping[str, str]
    lint: tuple[int, str]

    def group(self, function: str) -> str:
        return str(self.functions[function]["variables"]["POWERTOOLS_SERVICE_NAME"])


@pytest.fixture(scope="module")
def view(tmp_path_factory: pytest.TempPathFactory) -> View:
    """What SAM sees in the template of `make sam`; without CDK's redundant dependencies, as in our own lint."""
    folder = tmp_path_factory.mktemp("sam")
    template, variables = prepare(folder, BUNDLE, port=8123)
    (folder / ".cfnlintrc").write_text("ignore_checks: [W3005]\n")
    command = [SAM / "python", ROOT / "tests/infra/sam_view.py", template, variables]
    settings = environment(BUNDLE, template) | {"HOME": str(folder)}
    done = subprocess.run(command, cwd=folder, env=settings, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return View(**json.loads(done.stdout.splitlines()[-1]))


def test_sam_finds_each_function_with_its_code_and_its_layers(view: View) -> None:
    assert sorted(map(view.group, view.functions)) == sorted(group.name for group in GROUPS if not group.archive)
    for name, function in view.functions.items():
        group = view.group(name)
        assert function["handler"] == f"{group}.app.handler"
        assert (Path(function["code"]) / group / "app.py").is_file()
        core, deps = map(Path, function["layers"])
        assert (core / "python/tallybook/runtime.py").is_file()
        assert (deps / "python/boto3").is_dir()


def test_sam_leads_each_route_to_its_function_through_the_alias(view: View) -> None:
    expected = {route: group.name for group in GROUPS for path in group.paths for route in (path, f"{path}/{{proxy+}}")}
    expected |= {route.partition(" ")[2]: "identity" for route in SIGN_IN_ROUTES}
    (default,) = [group.name for group in GROUPS if group.default]
    assert {path: view.group(name) for path, name in view.routes.items()} == expected | {"$default": default}


def test_sam_validates_the_template_and_finds_nothing(view: View) -> None:
    code, output = view.lint
    assert code == 0, output
    assert "is a valid SAM Template" in output


def test_each_function_gets_the_bundles_tables_and_its_endpoint(view: View) -> None:
    for function in view.functions.values():
        variables = function["variables"]
        assert (variables["CORE_TABLE"], variables["USAGE_TABLE"]) == ("core-of-the-bundle", "usage-of-the-bundle")
        assert variables["AWS_ENDPOINT_URL"] == f"http://{CONTAINERS_NAME}:4567"
        assert (variables["AWS_ACCESS_KEY_ID"], variables["AWS_REGION"]) == ("AKIAOFTHEBUNDLE", "eu-west-1")
        assert variables["TALLYBOOK_STAGE"] == "sam"  # not those of the shell


def test_without_a_running_bundle_there_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TALLYBOOK_LOCAL_DIR", str(tmp_path))
    assert _exit() == "make sam uses the tables of the running bundle: start it with make run"


def test_without_a_container_engine_there_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = {"TALLYBOOK_LOCAL_DIR": tmp_path, "HOME": tmp_path, "PATH": tmp_path, "DOCKER_HOST": "tcp://127.0.0.1:9"}
    for name, value in settings.items():
        monkeypatch.setenv(name, str(value))
    with listening() as bundle:
        write_variables(StateDir(tmp_path).env, BUNDLE | {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{bundle.port}"})
        assert _exit() == "make sam needs a container engine, Docker or Finch: none is running"


def _exit() -> str:
    """The line with which it ends; Python prints it to standard error, and the exit status is 1."""
    with pytest.raises(SystemExit) as ended:
        main()
    return str(ended.value.code)
