"""How the command starts: its version, and the script that is installed."""

import re
import subprocess

import pytest

from tests.cli.conftest import ROOT


def test_the_version_is_that_of_the_project(tallybook):
    project = (ROOT / "pyproject.toml").read_text()
    version = re.search(r'^version = "(.*)"$', project, re.MULTILINE)[1]
    assert tallybook("--version").out == f"tallybook {version}\n"


@pytest.mark.parametrize("arguments", [(), ("accounts",), ("platform-keys",)])
def test_without_a_command_the_help_is_printed(tallybook, arguments):
    run = tallybook(*arguments)
    see = " ".join(("tallybook", *arguments, "--help"))
    assert (run.code, run.err) == (2, f"tallybook: a command is missing\ntallybook: see {see}\n")
    assert "Usage: " in run.out


def test_the_command_works_through_symbolic_links(tmp_path):
    script = (ROOT / "layers/core/python/tallybook/cli/tallybook.sh").read_text()
    for name, text in {"tallybook": script, "python": '#!/bin/sh\necho "ran $*"\n'}.items():
        file = tmp_path / "real dir" / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(text)
        file.chmod(0o755)
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/first").symlink_to("../real dir/tallybook")
    (tmp_path / "second").symlink_to(tmp_path / "bin/first")
    for path in ("real dir/tallybook", "bin/first", "second"):
        done = subprocess.run([tmp_path / path, "a b"], capture_output=True, text=True, check=False)
        assert (done.stdout, done.stderr) == ("ran -P -m tallybook.cli a b\n", "")
