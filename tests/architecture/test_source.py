"""Rules for the product's source that no linter checks."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TALLYBOOK = ROOT / "layers/core/python/tallybook"
PRODUCT = [*TALLYBOOK.rglob("*.py"), *(ROOT / "functions").rglob("*.py")]
TESTS = sorted((ROOT / "tests").rglob("*.py"))
CLOCK = TALLYBOOK / "gateways/clock.py"
MAX_LINES = 250
MAX_NAME = 75
WRITING_CALLS = {"write_text", "write_bytes", "touch", "mkstemp", "copy", "copyfile", "copytree"}
CLOCK_CALLS = {"now", "utcnow", "today", "time", "time_ns"}


def calls(file: Path) -> Iterator[tuple[str, str]]:
    """Each call in the file as (receiver, name)."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Call):
            if isinstance(node.func, ast.Attribute):
                yield ast.unparse(node.func.value), node.func.attr
            elif isinstance(node.func, ast.Name):
                yield "", node.func.id


def name_of(file: Path) -> str:
    return str(file.relative_to(ROOT))


@pytest.mark.parametrize("file", PRODUCT, ids=name_of)
def test_a_file_is_at_most_250_lines_long(file: Path) -> None:
    assert len(file.read_text().splitlines()) <= MAX_LINES


@pytest.mark.parametrize("file", PRODUCT, ids=name_of)
def test_only_the_clock_reads_the_wall_clock(file: Path) -> None:
    found = {
        (receiver, name)
        for receiver, name in calls(file)
        if receiver in ("datetime", "date", "time") and name in CLOCK_CALLS
    }
    assert found == ({("datetime", "now")} if file == CLOCK else set())


@pytest.mark.parametrize("file", [*PRODUCT, *(ROOT / "infra/local").rglob("*.py")], ids=name_of)
def test_files_are_written_as_private_ones_only(file: Path) -> None:
    assert not WRITING_CALLS & {name for _, name in calls(file)}


@pytest.mark.parametrize("file", PRODUCT, ids=name_of)
def test_nothing_scans_a_table(file: Path) -> None:
    assert "scan" not in {name for _, name in calls(file)}


@pytest.mark.parametrize("file", sorted((TALLYBOOK / "domain").rglob("*.py")), ids=name_of)
def test_the_domain_uses_no_float(file: Path) -> None:
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
    assert [name for name in tests if len(name) > MAX_NAME] == []
    modules = [node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    assert [name for name in modules if name.startswith("tests.") and name.rpartition(".")[2].startswith("test_")] == []
