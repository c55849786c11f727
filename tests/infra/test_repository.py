"""The repository's locks, folders, `make` targets and CI command."""

import os
import re
import subprocess
import tomllib
from pathlib import Path

import pytest

from infra.groups import GROUPS

ROOT = Path(__file__).parents[2]
LOCKS = (
    "requirements.lock",
    "uv-requirements.lock",
    "layers/deps/requirements.lock",
    "infra/local/requirements.lock",
    "tests/sdks/python-1.lock",
    "tests/sdks/python-2.lock",
    "tests/openapi/generator.lock",
)
NPM_LOCKS = ("infra/deploy/package-lock.json", "tests/sdks/package-lock.json")
VERBS = ("run", "test", "check", "lint", "synth", "bench", "reset", "bootstrap", "deploy", "smoke", "help")


@pytest.mark.parametrize("lock", [*LOCKS, *NPM_LOCKS])
def test_a_lock_names_no_address_and_no_path_of_a_machine(lock: str) -> None:
    text = re.sub(r'"url": ".*"', "", (ROOT / lock).read_text())  # the pages of a package's authors
    assert "://" not in text
    assert not re.search(r"(^|[ '\"])/(home|root|tmp|work|usr)/", text)


@pytest.mark.parametrize("lock", LOCKS)
def test_everything_in_a_lock_is_pinned_with_hashes(lock: str) -> None:
    entries = re.findall(r"^[a-z0-9][^\\\n]*(?:\\\n[^\\\n]*)*", (ROOT / lock).read_text(), re.MULTILINE)
    assert entries
    assert all("==" in entry and "--hash=sha256:" in entry for entry in entries)


def test_make_installs_nothing_without_a_hash() -> None:
    makefile = (ROOT / "Makefile").read_text()
    installs = [line for line in makefile.splitlines() if re.search(r"pip (install|sync)\b", line)]
    assert len(installs) == 6
    assert all("--require-hashes" in line for line in installs)
    assert len(re.findall(r"-r \S+\.lock$|pip sync .* \S+\.lock$", makefile, re.MULTILINE)) == 6


def test_the_lock_of_uv_has_the_version_that_make_names() -> None:
    named = re.search(r"^UV_VERSION := (\S+)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert named
    assert _pins("uv-requirements.lock") == {"uv": named[1]}


def test_the_layer_has_the_versions_that_the_tests_run_with() -> None:
    everything = _pins("requirements.lock")
    layer = _pins("layers/deps/requirements.lock")
    assert layer.items() <= everything.items()


def test_the_layer_s_lock_holds_what_the_runtime_group_names() -> None:
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text())["dependency-groups"]
    required = {re.split(r"[<>=\[]", requirement)[0] for requirement in groups["runtime"]}
    assert required <= set(_pins("layers/deps/requirements.lock"))


def test_every_function_s_folder_is_a_row_and_every_row_a_folder() -> None:
    folders = {path.parent.name for path in (ROOT / "functions").glob("*/*.py")}
    assert folders == {group.name for group in GROUPS}


@pytest.mark.parametrize("verb", VERBS)
def test_make_has_the_target_and_lists_it(verb: str) -> None:
    assert re.search(rf"^{verb}:.*## \S", (ROOT / "Makefile").read_text(), re.MULTILINE)


def test_ci_runs_the_same_commands_as_a_developer() -> None:
    script = ROOT / ".ci/run"
    assert os.access(script, os.X_OK)
    assert "make test" in script.read_text()


def test_a_missing_python_is_reported_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "python3").write_text("#!/bin/sh\nexit 1\n")
    (tmp_path / "python3").chmod(0o755)
    for tool in ("make", "bash", "mkdir", "env", "uname", "touch"):
        (tmp_path / tool).symlink_to(_found(tool))
    done = subprocess.run(
        ["make", "-s", "install", "VENV=none"],
        cwd=ROOT,
        env={"PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    message = [line for line in done.stderr.splitlines() if not line.startswith("make: ***")]
    assert len(message) == 1
    assert "Python 3.13" in message[0]


def _found(tool: str) -> str:
    return subprocess.run(["which", tool], capture_output=True, text=True, check=True).stdout.strip()


def _pins(lock: str) -> dict[str, str]:
    return dict(re.findall(r"^([a-z0-9][a-z0-9._-]*)(?:\[.*\])?==([^ ;\\]+)", (ROOT / lock).read_text(), re.MULTILINE))
