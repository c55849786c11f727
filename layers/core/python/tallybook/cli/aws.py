"""AWS clients of the operator's command, and the outputs of the deployed stack."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from email.utils import parsedate_to_datetime
from functools import cache
from typing import Any, NamedTuple

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from tallybook.cli.stop import Stop, required

_CONFIG = Config(connect_timeout=5, read_timeout=900, retries={"total_max_attempts": 1})  # a job may run for 15 minutes


class Resource(NamedTuple):
    """A resource of the stack, like `SQS::Queue`: its id in the template, and its name, address or ARN in AWS."""

    type: str
    logical_id: str
    id: str


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
    found = find_output(name)
    if found is None:
        raise Stop(f"The stack {required('TALLYBOOK_STACK')} has no output {name}: deploy it again")
    return found


def find_output(name: str) -> str | None:
    """The output `name` of the stack; None if it has none, like that of an earlier release."""
    return _outputs(required("TALLYBOOK_STACK")).get(name)


def stack_resources(type: str) -> list[Resource]:
    """The resources of this type of the stack that TALLYBOOK_STACK names."""
    return [resource for resource in _resources(required("TALLYBOOK_STACK")) if resource.type == type]


@cache
def _resources(stack: str) -> tuple[Resource, ...]:
    pages = client("cloudformation").get_paginator("list_stack_resources").paginate(StackName=stack)
    with _missing(stack):
        return tuple(
            Resource(row["ResourceType"].removeprefix("AWS::"), row["LogicalResourceId"], row["PhysicalResourceId"])
            for page in pages
            for row in page["StackResourceSummaries"]
            if "PhysicalResourceId" in row
        )


def stack_description() -> Mapping[str, Any]:
    """CloudFormation's description of the stack that TALLYBOOK_STACK names."""
    (found,) = _described(required("TALLYBOOK_STACK"))["Stacks"]
    described: Mapping[str, Any] = found
    return described


def date_of_aws() -> datetime:
    """The time of the answer with the stack's description, in whole seconds, by AWS's clock."""
    headers = _described(required("TALLYBOOK_STACK"))["ResponseMetadata"]["HTTPHeaders"]
    return parsedate_to_datetime(headers["date"])


@cache
def _outputs(stack: str) -> Mapping[str, str]:
    (found,) = _described(stack)["Stacks"]
    return {output["OutputKey"]: output["OutputValue"] for output in found.get("Outputs", [])}


@cache
def _described(stack: str) -> Mapping[str, Any]:
    with _missing(stack):
        described: Mapping[str, Any] = client("cloudformation").describe_stacks(StackName=stack)
    return described


@contextmanager
def _missing(stack: str) -> Iterator[None]:
    """Say in one line that there is no such stack."""
    try:
        yield
    except ClientError as error:
        if error.response["Error"]["Code"] == "ValidationError":
            raise Stop(f"There is no stack {stack} in this account and region (TALLYBOOK_STACK)") from error
        raise


def forget_stack() -> None:
    """Ask AWS again."""
    for known in (_outputs, _described, _resources):
        known.cache_clear()
