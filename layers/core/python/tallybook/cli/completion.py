"""`tallybook completion`: the script with which a shell completes commands, options and files."""

from enum import StrEnum
from typing import Annotated

import typer
from typer.completion import completion_init, get_completion_script  # type: ignore[attr-defined]  # no types

from tallybook.cli.streams import write

_VARIABLE = "_TALLYBOOK_COMPLETE"


class Shell(StrEnum):
    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"


def completion(shell: Annotated[Shell, typer.Argument(help="The shell.")]) -> None:
    """Print the completion script of a shell.

    bash: eval "$(tallybook completion bash)"; zsh, after compinit: eval "$(tallybook completion zsh)"; fish:
    tallybook completion fish | source
    """
    write(get_completion_script(prog_name="tallybook", complete_var=_VARIABLE, shell=shell.value))


def enable_completion() -> None:
    """Answer the questions of the scripts, which the shell asks through a variable."""
    completion_init()
