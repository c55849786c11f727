"""The shell variables in `.local/env`, for scripts and the operator's command. Only the owner can read the file."""

import os
import shlex
from collections.abc import Mapping
from pathlib import Path


def read_variables(path: Path) -> dict[str, str]:
    """The variables that the file sets; empty if there is no file."""
    if not path.exists():
        return {}
    words = (shlex.split(line) for line in path.read_text().splitlines())
    settings = (line[1].partition("=") for line in words if line[:1] == ["export"])
    return {name: value for name, _, value in settings}


def write_variables(path: Path, variables: Mapping[str, str]) -> None:
    """Replace the file in one step."""
    fresh = path.with_name(f"{path.name}.new")
    fresh.unlink(missing_ok=True)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.writelines(f"export {name}={shlex.quote(value)}\n" for name, value in variables.items())
    fresh.replace(path)
