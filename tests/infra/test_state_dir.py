"""Which stored states of the local bundle this code starts with."""

from pathlib import Path

import pytest

from infra.local.state_dir import CannotStart, StateDir
from tallybook.domain.formats import Release


def stored(folder: Path, version: str | None) -> StateDir:
    state_dir = StateDir(folder)
    state_dir.state.mkdir()
    if version is not None:
        state_dir.version.write_text(version)
    return state_dir


@pytest.mark.parametrize("version", ["5", "6", "format 1", "format 2"])
def test_a_state_that_the_code_reads_starts_and_gets_its_format(tmp_path: Path, version: str) -> None:
    state_dir = stored(tmp_path, version)
    state_dir.check_format()
    assert state_dir.version.read_text() == "format 2"


@pytest.mark.parametrize(
    ("version", "words"),
    [
        ("format 3", "a later release: use that one"),
        ("4", "an earlier release that this one can't read"),
        (None, "an earlier release that this one can't read"),
    ],
)
def test_another_state_is_refused_and_stays(tmp_path: Path, version: str | None, words: str) -> None:
    state_dir = stored(tmp_path, version)
    with pytest.raises(CannotStart, match=f"The state is of {words}, or remove it with make reset"):
        state_dir.check_format()
    assert (state_dir.version.read_text() if state_dir.version.exists() else None) == version


def test_a_state_that_needs_an_older_release_first_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CannotStart, match="an earlier release that this one can't read"):
        stored(tmp_path, "6").check_format(Release((2, 3), 3))


def test_a_new_folder_gets_the_format_of_the_code(tmp_path: Path) -> None:
    StateDir(tmp_path).check_format()
    assert (tmp_path / "version").read_text() == "format 2"
