"""The version of the command. `pyproject.toml` has the same."""

VERSION = "0.1.0"
