"""A private file is 0600 whatever the umask, and is replaced in one step."""

import os
import stat
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from infra.local.state import forget_stream_positions
from infra.local.state_dir import StateDir, exclusive
from infra.local.variables import write_variables
from tallybook.gateways.clock import Clock
from tallybook.gateways.private_files import replace_private


@pytest.fixture(params=[0o000, 0o022, 0o077], ids=oct)
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    """An empty folder, under a umask."""
    before = os.umask(request.param)
    yield tmp_path
    os.umask(before)


def modes(folder: Path) -> dict[str, str]:
    return {file.name: oct(stat.S_IMODE(file.stat().st_mode)) for file in folder.iterdir() if file.is_file()}


def test_a_new_file_is_private(folder: Path) -> None:
    replace_private(folder / "file", b"content")
    assert modes(folder) == {"file": "0o600"}
    assert (folder / "file").read_bytes() == b"content"


def test_a_file_that_others_could_read_becomes_private(folder: Path) -> None:
    for name in ("file", "file.new"):
        (folder / name).touch()
        (folder / name).chmod(0o666)
    replace_private(folder / "file", b"content")
    assert modes(folder) == {"file": "0o600"}


def test_a_link_in_place_of_the_new_file_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "other").write_text("kept")
    (tmp_path / "file.new").symlink_to(tmp_path / "other")
    replace_private(tmp_path / "file", b"content")
    assert (tmp_path / "other").read_text() == "kept"
    assert not (tmp_path / "file").is_symlink()


def test_all_files_of_the_local_state_are_private(folder: Path) -> None:
    state_dir = StateDir(folder)
    with exclusive(state_dir):
        state_dir.check_format()
        write_variables(state_dir.env, {"NAME": "value"})
        Clock(state_dir.clock).move_to(datetime(2031, 5, 1, tzinfo=UTC))
        (folder / "lambda.json").write_text('{"dynamodb_stream_positions": {"data": {"a": 1}}}')
        (folder / "lambda.json").chmod(0o644)
        forget_stream_positions(folder)
    assert modes(folder) == dict.fromkeys(["lock", "version", "env", "clock", "lambda.json"], "0o600")
