"""Shells complete commands, options and choices."""

import os
import shutil
import subprocess

import pytest

from tests.cli.conftest import ROOT


@pytest.fixture
def complete(command, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(ROOT / "layers/core/python"))

    def complete(line):
        words = line.split(" ")
        asked = {"_TALLYBOOK_COMPLETE": "complete_bash", "COMP_WORDS": line, "COMP_CWORD": str(len(words) - 1)}
        run = subprocess.run(command, env=os.environ | asked, capture_output=True, text=True, check=False)
        assert run.stderr == ""
        return run.stdout.split()

    return complete


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("tallybook acc", {"accounts"}),
        ("tallybook accounts s", {"show", "suspend", "set"}),
        ("tallybook accounts list --st", {"--status"}),
        ("tallybook accounts list --status s", {"suspended"}),
        ("tallybook completion ", {"bash", "zsh", "fish"}),
        ("tallybook me", {"meter"}),
    ],
)
def test_commands_options_and_choices_are_offered(complete, line, offered):
    assert set(complete(line)) == offered


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_of_each_shell_names_the_command_and_is_valid(tallybook, shell, tmp_path):
    run = tallybook("completion", shell)
    assert (run.code, run.err) == (0, "")
    assert "_TALLYBOOK_COMPLETE" in run.out
    script = tmp_path / "script"
    script.write_text(run.out)
    if shutil.which(shell):
        assert subprocess.run([shell, "-n", script], check=False).returncode == 0
    assert tallybook("completion", "tcsh").code == 2
