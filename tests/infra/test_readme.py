"""The README is true: its verbs are all there are, and its map names what is there."""

import re
import subprocess
from pathlib import Path

import pytest

from infra.groups import GROUPS

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()


@pytest.mark.parametrize("verb", re.findall(r"^\| `make (\w+)`", README, re.MULTILINE))
def test_each_verb_is_one_that_make_knows(verb: str) -> None:
    known = subprocess.run(["make", "-n", verb], cwd=ROOT, capture_output=True, text=True, check=False)
    assert known.returncode == 0, known.stderr


def test_the_verbs_are_all_there_are() -> None:
    told = set(re.findall(r"^\| `make (\w+)`", README, re.MULTILINE))
    listed = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert told == set(re.findall(r"^make (\w+)", listed, re.MULTILINE))


def test_the_map_names_the_folders_that_are_there() -> None:
    app = README.split("## The map of the house")[1]
    for folder in ("infra", "functions", "layers", "tests"):
        assert f"{folder}/" in app
    assert {group.name for group in GROUPS} == {
        path.name for path in (ROOT / "functions").iterdir() if path.is_dir()
    } - {"__pycache__"}


def test_each_library_is_told_why() -> None:
    pyproject = (ROOT / "pyproject.toml").read_text().split("[tool.")[0]
    names = {re.split(r"[>=\[]", name)[0] for name in re.findall(r'"([a-z][a-z0-9-]*[>=\[][^"]*)"', pyproject)}
    told = set(re.findall(r"`([a-z0-9-]+)`", README.split("## What is used, and why")[1]))
    assert names - told == set()
