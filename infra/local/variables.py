"""The shell variables in `.local/env`, for scripts and the operator's command. Only the owner can read the file."""

import shlex
from collections.abc import Mapping
from pathlib import Path

from tallybook.gateways.private_files import replace_private


def read_variables(path: Path) -> dict[str, str]:
    """The variables that the file sets; empty if there is no file."""
    if not path.exists():
        return {}
    words = (shlex.split(line) for line in path.read_text().splitlines())
    settings = (line[1].partition("=") for line in words if line[:1] == ["export"])
    return {name: value for name, _, value in settings}


def write_variables(path: Path, variables: Mapping[str, str]) -> None:
    """Replace the file."""
    lines = (f"export {name}={shlex.quote(value)}\n" for name, value in variables.items())
    replace_private(path, "".join(lines).encode())
