"""The commands of the deployment need an AWS account, so no test runs them: what they name must exist."""

import re
from typing import Any

import pytest
import typer

from tallybook.cli.main import app
from tests.docs.commands import ROOT

TEXT = (ROOT / "docs/deploy.md").read_text()
BLOCKS = re.findall(r"^```bash\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
COMMANDS = [line for block in BLOCKS for line in block.splitlines()]
MAKEFILE = (ROOT / "Makefile").read_text()


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_names_what_exists(command: str) -> None:
    words = command.split()
    if words[0] == "make":
        assert re.search(rf"^{words[1]}:", MAKEFILE, re.MULTILINE)
        assert {word.partition("=")[0] for word in words[2:]} <= {"STAGE", "YES"}
    elif words[0] == ".venv/bin/tallybook":
        _check_options(words[1:])
    else:
        assert words[0] == "export"


@pytest.mark.parametrize("output", sorted(set(re.findall(r"`(DkimRecord\d|ApiUrl)`", TEXT))))
def test_each_output_that_it_names_is_one_of_the_stack(output: str) -> None:
    sources = [(ROOT / "infra" / file).read_text() for file in ("stack.py", "mail.py")]
    assert any(f'"{output.rstrip("123")}' in source for source in sources)


def _check_options(words: list[str]) -> None:
    group: Any = typer.main.get_command(app)
    command = group.get_command(None, words[0])
    command = command.get_command(None, words[1])
    known = {option for parameter in command.params for option in parameter.opts}
    assert {word for word in words if word.startswith("--")} <= known
