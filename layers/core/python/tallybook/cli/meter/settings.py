"""Settings of the command, from the environment. `make run` writes those of the local bundle to `.local/env`.

TALLYBOOK_STACK             the CloudFormation stack, like tallybook-production; its outputs are the defaults below
CORE_TABLE, USAGE_TABLE     the tables; default: the stack's
TALLYBOOK_URL               the API that `meter` and `send` call; default: the stack's
TALLYBOOK_PLATFORM_KEY      the key that `meter` and `send` use
TALLYBOOK_SOURCE            the source of the events that `meter` sends
TALLYBOOK_CLOCK_FILE        the file of the moved clock; only the local bundle has one
AWS_PROFILE, AWS_ENDPOINT_URL, ...      read by boto3
"""

import os
import threading

from tallybook.cli.meter.api import Platform
from tallybook.cli.setting_text import check_address
from tallybook.cli.stop import required


def platform(*, stop_retries: threading.Event | None = None) -> Platform:
    """The platform's endpoints. Setting `stop_retries` ends all retries."""
    url = os.environ.get("TALLYBOOK_URL") or _address()
    check_address("TALLYBOOK_URL", url)
    return Platform(url, required("TALLYBOOK_PLATFORM_KEY"), stop_retries=stop_retries)


def _address() -> str:
    if "TALLYBOOK_STACK" not in os.environ:
        return required("TALLYBOOK_URL")
    from tallybook.cli.aws import aws_errors, stack_output  # noqa: PLC0415 boto3 is slow to import

    with aws_errors():
        return stack_output("ApiUrl")
