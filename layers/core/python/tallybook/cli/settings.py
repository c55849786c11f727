"""Where the command works: one setting, from the environment, decides between the local bundle and a deployed one.

    TALLYBOOK_URL, TALLYBOOK_PLATFORM_KEY    for what goes over HTTP: meter, send
    CORE_TABLE, USAGE_TABLE                  for what goes to the tables: catalog, platform-keys (see tables.py)
    AWS_ENDPOINT_URL, AWS_*                  read by boto3 itself

`make run` writes all of them to `.local/env`.
"""

import os
import threading
from urllib.parse import urlsplit

from tallybook.cli.api import Platform


class Stop(Exception):
    """Nothing more to do: one clear line for the operator, and the exit code."""

    def __init__(self, message: str, *, code: int = 1) -> None:
        super().__init__(message)
        self.message = message
        self.code = code


def required(name: str) -> str:
    """The variable's value; Stop with the one line that helps if there is none."""
    value = os.environ.get(name)
    if not value:
        raise Stop(f"{name} is not set; for the local bundle: source .local/env", code=2)
    return value


def platform(*, hurry: threading.Event | None = None) -> Platform:
    """The platform's endpoints, with its key. Whoever waits for a next try stops when `hurry` is set."""
    url = required("TALLYBOOK_URL")
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise Stop(f"TALLYBOOK_URL must be an http or https address, not {url!r}", code=2)
    return Platform(url, required("TALLYBOOK_PLATFORM_KEY"), hurry=hurry)
