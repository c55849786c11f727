"""Where the command works: one setting decides between the local bundle and a deployed one.

    TALLYBOOK_STACK             the CloudFormation stack, like tallybook-production; its outputs say where all else is
    CORE_TABLE, USAGE_TABLE     both together spare asking the stack for its tables
    TALLYBOOK_URL               spares asking it for its address, which `meter` and `send` go to
    TALLYBOOK_PLATFORM_KEY      what `meter` and `send` go there with
    TALLYBOOK_CLOCK_FILE        the moved clock of the local bundle; a deployed one has none
    AWS_PROFILE, AWS_ENDPOINT_URL and the like      read by boto3 itself

`make run` writes what the local bundle needs to `.local/env`.
"""

import os
import threading
from urllib.parse import urlsplit

from tallybook.cli.meter.api import Platform
from tallybook.cli.stop import Stop, required


def platform(*, hurry: threading.Event | None = None) -> Platform:
    """The platform's endpoints, with its key. Whoever waits for a next try stops when `hurry` is set."""
    url = os.environ.get("TALLYBOOK_URL") or _address()
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise Stop(f"TALLYBOOK_URL must be an http or https address, not {url!r}", code=2)
    return Platform(url, required("TALLYBOOK_PLATFORM_KEY"), hurry=hurry)


def _address() -> str:
    if "TALLYBOOK_STACK" not in os.environ:
        return required("TALLYBOOK_URL")
    from tallybook.cli.aws import aws_errors, stack_output  # noqa: PLC0415 boto3 takes longer to load than all the rest

    with aws_errors():
        return stack_output("ApiUrl")
