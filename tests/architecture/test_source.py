"""Rules of the house that no linter knows."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TALLYBOOK = ROOT / "layers/core/python/tallybook"
PRODUCT = [*TALLYBOOK.rglob("*.py"), *(ROOT / "functions").rglob("*.py")]
TESTS = sorted((ROOT / "tests").rglob("*.py"))
CLOCK = TALLYBOOK / "gateways/clock.py"
LONGEST = 250
LONGEST_NAME = 75
CLOCKS = {"now", "utcnow", "today", "time", "time_ns"}


def calls(file: Path) -> Iterator[tuple[str, str]]:
    """Each call of the file as (what it is called on, name)."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Call):
            if isinstance(node.func, ast.Attribute):
                yield ast.unparse(node.func.value), node.func.attr
            elif isinstance(node.func, ast.Name):
                yield "", node.func.id


def name_of(file: Path) -> str:
    return str(file.relative_to(ROOT))


@pytest.mark.parametrize("file", PRODUCT, ids=name_of)
def test_a_file_is_short_enough_to_be_one_thing(file: Path) -> None:
    assert len(file.read_text().splitlines()) <= LONGEST


@pytest.mark.parametrize("file", PRODUCT, ids=name_of)
def test_nothing_reads_the_wall_clock_but_the_clock(file: Path) -> None:
    found = {(on, name) for on, name in calls(file) if on in ("datetime", "date", "time") and name in CLOCKS}
    assert found == ({("datetime", "now")} if file == CLOCK else set())


@pytest.mark.parametrize("file", PRODUCT, ids=name_of)
def test_nothing_scans_a_table(file: Path) -> None:
    assert "scan" not in {name for _, name in calls(file)}


@pytest.mark.parametrize("file", sorted((TALLYBOOK / "domain").rglob("*.py")), ids=name_of)
def test_no_float_comes_near_money(file: Path) -> None:
    tree = ast.parse(file.read_text())
    literals = [
        node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, float)
    ]
    assert literals == []
    assert ("", "float") not in set(calls(file))


@pytest.mark.parametrize("file", TESTS, ids=name_of)
def test_a_test_file_keeps_names_readable_and_shares_nothing(file: Path) -> None:
    tree = ast.parse(file.read_text())
    tests = [
        node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    ]
    assert [name for name in tests if len(name) > LONGEST_NAME] == []
    modules = [node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    assert [name for name in modules if name.startswith("tests.") and name.rpartition(".")[2].startswith("test_")] == []
