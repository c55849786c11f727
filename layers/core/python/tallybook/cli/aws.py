"""AWS as the operator's environment reaches it, and the stack that stands there."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from tallybook.cli.stop import Stop, required

_CONFIG = Config(connect_timeout=5, read_timeout=900, retries={"total_max_attempts": 1})  # a job may run for 15 minutes


@contextmanager
def aws_errors() -> Iterator[None]:
    """What AWS objects to within the block is one clear line."""
    try:
        yield
    except (BotoCoreError, ClientError) as error:
        raise Stop(f"AWS: {error}") from error


def client(service: str) -> Any:
    return boto3.session.Session().client(service, config=_CONFIG)


def output(name: str) -> str:
    """What the stack of TALLYBOOK_STACK tells under this name."""
    stack = required("TALLYBOOK_STACK")
    told = _outputs(stack)
    if name not in told:
        raise Stop(f"The stack {stack} has no output {name}: deploy it anew")
    return told[name]


@cache
def _outputs(stack: str) -> Mapping[str, str]:
    try:
        (found,) = client("cloudformation").describe_stacks(StackName=stack)["Stacks"]
    except ClientError as error:
        if error.response["Error"]["Code"] == "ValidationError":
            raise Stop(f"There is no stack {stack} here; TALLYBOOK_STACK names it") from error
        raise
    return {output["OutputKey"]: output["OutputValue"] for output in found.get("Outputs", [])}
