"""Rules for the product's source that no linter checks."""

import ast
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
TALLYBOOK = ROOT / "layers/core/python/tallybook"
PRODUCT = [*TALLYBOOK.rglob("*.py"), *(ROOT / "functions").rglob("*.py")]
TESTS = sorted((ROOT / "tests").rglob("*.py"))
CLOCK = TALLYBOOK / "gateways/clock.py"
MAX_LINES = 250
MAX_NAME = 75
WRITING_CALLS = {"write_text", "write_bytes", "touch", "mkstemp", "copy", "copyfile", "copytree"}
CLOCK_CALLS = {"now", "utcnow", "today", "time", "time_ns"}


def tree(file: Path) -> ast.Module:
    return ast.parse(file.read_text())


@cache
def calls(file: Path) -> frozenset[tuple[str, str]]:
    """The calls in the file as (receiver, name)."""
    functions = [node.func for node in ast.walk(tree(file)) if isinstance(node, ast.Call)]
    methods = {(ast.unparse(one.value), one.attr) for one in functions if isinstance(one, ast.Attribute)}
    return frozenset(methods | {("", one.id) for one in functions if isinstance(one, ast.Name)})


def called(file: Path) -> set[str]:
    """The names of the functions and methods that the file calls."""
    return {name for _, name in calls(file)}


def test_a_file_is_at_most_250_lines_long() -> None:
    assert [file for file in PRODUCT if len(file.read_text().splitlines()) > MAX_LINES] == []


def test_only_the_clock_reads_the_wall_clock() -> None:
    assert {file: found for file in PRODUCT if (found := reads_of_the_clock(file))} == {CLOCK: {("datetime", "now")}}


def reads_of_the_clock(file: Path) -> set[tuple[str, str]]:
    return {
        (receiver, name)
        for receiver, name in calls(file)
        if receiver in ("datetime", "date", "time") and name in CLOCK_CALLS
    }


def test_files_are_written_as_private_ones_only() -> None:
    files = [*PRODUCT, *(ROOT / "infra/local").rglob("*.py")]
    assert {file: found for file in files if (found := WRITING_CALLS & called(file))} == {}


def test_nothing_scans_a_table() -> None:
    assert [file for file in PRODUCT if "scan" in called(file)] == []


def test_the_domain_uses_no_float() -> None:
    domain = list((TALLYBOOK / "domain").rglob("*.py"))
    assert {file: found for file in domain if (found := floats(file))} == {}
    assert [file for file in domain if ("", "float") in calls(file)] == []


def floats(file: Path) -> list[float]:
    constants = [node.value for node in ast.walk(tree(file)) if isinstance(node, ast.Constant)]
    return [value for value in constants if isinstance(value, float)]


def test_a_test_file_keeps_names_readable_and_shares_nothing() -> None:
    assert {file: found for file in TESTS if (found := long_names_and_imported_tests(file))} == {}


def long_names_and_imported_tests(file: Path) -> list[str]:
    nodes = list(ast.walk(tree(file)))
    names = [node.name for node in nodes if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")]
    modules = [node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)]
    shared = [name for name in modules if name.startswith("tests.") and name.rpartition(".")[2].startswith("test_")]
    return [name for name in names if len(name) > MAX_NAME] + shared
