"""Each test that the security page names exists, and each protection names one."""

import re

import pytest

from tests.docs.commands import ROOT

PAGE = (ROOT / "docs/security.md").read_text()
TABLES = re.findall(r"^\| protected \| by \| tests \|\n\|---.*\n((?:\| .*\n)+)", PAGE, re.MULTILINE)
ROWS = [row for table in TABLES for row in table.splitlines()]


def test_each_section_of_protections_has_a_table() -> None:
    assert len(TABLES) == PAGE.count("| protected | by | tests |") == 5


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[2:42])
def test_each_protection_names_the_tests_that_hold_it(row: str) -> None:
    files = [ROOT / name for name in re.findall(r"`(tests/[\w/]+\.py)`", row)]
    names = re.findall(r"`(test_\w+)`", row)
    code = "".join(file.read_text() for file in files)
    assert names
    assert [name for name in names if f"def {name}(" not in code] == []
