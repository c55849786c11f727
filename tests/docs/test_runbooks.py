"""Each alarm has a runbook that names it, and each runbook belongs to an alarm."""

import re
from pathlib import Path

import pytest

from infra.monitoring.alarm_row import AlarmRow
from infra.monitoring.alarm_rows import alarm_rows
from tests.docs.commands import ROOT
from tests.docs.links import links_of

RUNBOOKS = ROOT / "docs/runbooks"
ROWS = alarm_rows()
SECTIONS = ["What it means", "What to look at", "What to do", "When it is over"]
each_row = pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
each_page = pytest.mark.parametrize("page", sorted(RUNBOOKS.glob("*.md")), ids=lambda page: page.stem)


@each_row
def test_an_alarm_s_runbook_exists_and_names_it(row: AlarmRow) -> None:
    assert row.name in _named((ROOT / row.runbook).read_text())


@each_page
def test_a_runbook_names_exactly_the_alarms_that_lead_to_it(page: Path) -> None:
    text = page.read_text()
    assert _named(text) == {row.name for row in ROWS if ROOT / row.runbook == page}


@each_page
def test_a_runbook_says_what_it_means_what_to_do_and_when_it_is_over(page: Path) -> None:
    text = page.read_text()
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == SECTIONS
    assert len(text.splitlines()) <= 60


def test_the_page_of_alarms_lists_each_alarm_with_its_runbook() -> None:
    rows = re.findall(
        r"^\| (.+?) \| .+ \| \[.+\]\((runbooks/.+\.md)\) \|$", (ROOT / "docs/alarms.md").read_text(), re.M
    )
    listed = {name: f"docs/{page}" for names, page in rows for name in re.findall(r"`(\w+)`", names)}
    assert listed == {row.name: row.runbook for row in ROWS}


def test_the_page_of_alarms_links_to_each_runbook() -> None:
    pages = {f"runbooks/{page.name}" for page in RUNBOOKS.glob("*.md")}
    assert pages == {link for link in links_of("docs/alarms.md") if link.startswith("runbooks/")}


def _named(text: str) -> set[str]:
    """The alarms in the page's first paragraph, which begins with `Alarms:`."""
    (paragraph,) = re.findall(r"^Alarms: (.+?)\n\n", text, re.MULTILINE | re.DOTALL)
    return set(re.findall(r"`([A-Z]\w+)`", paragraph))
