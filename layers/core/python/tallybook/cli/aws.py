"""AWS clients of the operator's command, and the outputs of the deployed stack."""

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
    """Turn an AWS error within the block into one line for the operator."""
    try:
        yield
    except (BotoCoreError, ClientError) as error:
        raise Stop(f"AWS: {error}") from error
    except ValueError as error:
        if not str(error).startswith("Invalid endpoint"):  # of the AWS configuration file
            raise
        raise Stop(f"AWS: {error}", code=2) from error


def client(service: str) -> Any:
    return boto3.session.Session().client(service, config=_CONFIG)


def stack_output(name: str) -> str:
    """The output `name` of the stack that TALLYBOOK_STACK names."""
    stack = required("TALLYBOOK_STACK")
    outputs = _outputs(stack)
    if name not in outputs:
        raise Stop(f"The stack {stack} has no output {name}: deploy it again")
    return outputs[name]


@cache
def _outputs(stack: str) -> Mapping[str, str]:
    try:
        (found,) = client("cloudformation").describe_stacks(StackName=stack)["Stacks"]
    except ClientError as error:
        if error.response["Error"]["Code"] == "ValidationError":
            raise Stop(f"There is no stack {stack} in this account and region (TALLYBOOK_STACK)") from error
        raise
    return {output["OutputKey"]: output["OutputValue"] for output in found.get("Outputs", [])}
