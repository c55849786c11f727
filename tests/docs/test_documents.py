"""The documents' lists of verbs, libraries, routes, events, mails, jobs and areas are complete."""

import json
import os
import re
import subprocess
import tomllib
from collections.abc import Iterable

import pytest

from infra.groups import GROUPS
from tallybook.domain.jobs import JOBS
from tests.docs.commands import NOT_RUN, PAGES, ROOT, WITHOUT_BUNDLE, Block, blocks_of, documents, walk
from tests.docs.expectations import EXPECTED
from tests.docs.links import PRODUCT
from tests.support.routes import routes

README = (ROOT / "README.md").read_text()
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text()
VERBS = re.findall(r"^\| `make (\w+)`", CONTRIBUTING, re.MULTILINE)


def page(name: str) -> str:
    return (ROOT / "docs" / name).read_text()


def test_the_readme_has_at_most_150_lines() -> None:
    assert len(README.splitlines()) <= 150


@pytest.mark.parametrize("name", documents())
def test_a_page_has_at_most_200_lines(name: str) -> None:
    assert len((ROOT / name).read_text().splitlines()) <= 200


def test_the_listed_verbs_are_those_of_make_help() -> None:
    listed = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert set(VERBS) == set(re.findall(r"^make (\w+)", listed, re.MULTILINE))


@pytest.mark.parametrize("verb", VERBS)
def test_make_has_each_listed_verb(verb: str) -> None:
    known = subprocess.run(["make", "-n", verb], cwd=ROOT, capture_output=True, text=True, check=False)
    assert known.returncode == 0, known.stderr


def test_each_library_is_listed() -> None:
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text())["dependency-groups"]
    at_run_time = _lines(README.split("## Libraries at run time")[1])
    assert _names(groups.pop("runtime")) == at_run_time
    apart = [ROOT / "infra/local/requirements.in", ROOT / "infra/local/sam.in", ROOT / "tests/openapi/generator.in"]
    in_files = [name for file in apart for name in file.read_text().splitlines()]
    others = _names([*(name for group in groups.values() for name in group), *in_files, "uv"])
    assert others == _lines(CONTRIBUTING.split("## Libraries")[1])


def test_the_api_page_has_every_route() -> None:
    listed = re.findall(r"^\| `([A-Z]+) (/\S*)`", page("api.md"), re.MULTILINE)
    assert sorted(listed) == sorted((route.method, route.path) for route in routes())


def test_every_event_is_listed() -> None:
    listed = re.findall(r"`([A-Z]\w+)`", page("events-and-mail.md").split("## Events")[1].split("## Mail")[0])
    titles = [json.loads(file.read_text())["title"] for file in (ROOT / "infra/events").glob("*.json")]
    assert sorted(listed) == sorted(titles)


def test_every_mail_is_listed() -> None:
    table = page("events-and-mail.md").split("## Mail")[1].split("## Suppressed")[0]
    rows = re.findall(r"^\| ((?:`\w+`(?:, )?)+) \|", table, re.MULTILINE)
    listed = [name for row in rows for name in re.findall(r"`(\w+)`", row)]
    mails = {file.name.removesuffix(".txt.j2") for file in (PRODUCT / "gateways/templates").glob("*.txt.j2")}
    assert sorted(listed) == sorted(mails - {"layout", "access"})


def test_the_architecture_page_has_every_function_job_and_area() -> None:
    text = page("architecture.md")
    assert [group.name for group in GROUPS if group.name not in text] == []
    assert [job.name for job in JOBS if f"| `{job.name}` |" not in text] == []
    areas = {file.parent.name for file in (PRODUCT / "services").glob("*/__init__.py")}
    assert set(re.findall(r"^\| `(\w+)/` \|.*`services/", text, re.MULTILINE)) == areas


def test_the_map_names_the_folders_and_each_function_has_a_group() -> None:
    drawn = README.split("## Map")[1]
    assert [name for name in ("infra", "functions", "layers", "tests") if f"\n{name}/" not in drawn] == []
    folders = {path.name for path in (ROOT / "functions").iterdir() if path.is_dir()} - {"__pycache__"}
    assert {group.name for group in GROUPS} == folders


def test_each_command_is_run_or_listed_with_a_reason() -> None:
    run = {(block.page, block.line) for block in walk()}
    not_in_walk = [block for name in documents() for block in blocks_of(name) if (block.page, block.line) not in run]
    assert {block.page for block in not_in_walk if block.text not in NOT_RUN} == set(WITHOUT_BUNDLE)
    assert {block.text for block in not_in_walk if block.text in NOT_RUN} == NOT_RUN.keys()


def test_each_page_of_the_walk_has_a_check() -> None:
    assert tuple(EXPECTED) == PAGES


@pytest.mark.parametrize(
    "block", [block for name in WITHOUT_BUNDLE for block in blocks_of(name)], ids=lambda block: block.text
)
def test_a_command_without_a_bundle_succeeds(block: Block) -> None:
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "AWS_", "TALLYBOOK"))}
    script = f"set -euo pipefail\n{block.text}"
    completed = subprocess.run(["bash", "-c", script], cwd=ROOT, env=clean, capture_output=True, text=True, check=False)
    assert completed.returncode == 0, completed.stdout + completed.stderr


def _names(requirements: Iterable[str]) -> set[str]:
    return {re.split(r"[<>=\[ ]", requirement)[0] for requirement in requirements if requirement.strip()}


def _lines(text: str) -> set[str]:
    """The names in the first column of the tables."""
    rows = re.findall(r"^\| ((?:`[\w-]+`(?:, )?)+) \|", text, re.MULTILINE)
    return {name for row in rows for name in re.findall(r"`([\w-]+)`", row)}
