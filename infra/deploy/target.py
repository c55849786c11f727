"""The AWS account and region of the credentials, and what a stage has there so far."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError

from infra.deploy.request import Refused

_CONFIG = Config(connect_timeout=5, read_timeout=60, retries={"total_max_attempts": 3})
_BOOTSTRAP = "/cdk-bootstrap/hnb659fds/version"
_NEVER_CREATED = frozenset({"REVIEW_IN_PROGRESS", "CREATE_FAILED", "ROLLBACK_COMPLETE", "ROLLBACK_FAILED"})
"""States of a stack without anything in it: the CDK deletes it, and creates it again."""

LOCAL_SETTINGS = ("CORE_TABLE", "USAGE_TABLE", "TALLYBOOK_CLOCK_FILE", "TALLYBOOK_STACK", "TALLYBOOK_URL")
"""What `.local/env` sets for the local bundle, and must not lead to it here."""


class Target(NamedTuple):
    """`endpoint`: instead of AWS's own, for an emulated cloud; None in general."""

    account: str
    region: str
    endpoint: str | None

    def __str__(self) -> str:
        return f"AWS account {self.account}, {self.region}" + (f", at {self.endpoint}" if self.endpoint else "")

    @property
    def variables(self) -> dict[str, str]:
        """The environment of a command that works on this account: the SDKs don't agree on the region's variable."""
        own = {name: value for name, value in os.environ.items() if name not in LOCAL_SETTINGS}
        return own | {"AWS_REGION": self.region, "AWS_DEFAULT_REGION": self.region}

    def client(self, service: str) -> Any:
        return boto3.session.Session(region_name=self.region).client(service, config=_CONFIG)


class Existing(NamedTuple):
    """A stack that was created, with its outputs."""

    outputs: Mapping[str, str]


@contextmanager
def aws_errors() -> Iterator[None]:
    """Refused, in one line, for an error of AWS within the block."""
    try:
        yield
    except NoCredentialsError as error:
        raise Refused("No AWS credentials: set AWS_PROFILE, or the variables of a role") from error
    except (BotoCoreError, ClientError) as error:
        raise Refused(f"AWS: {error}") from error
    except ValueError as error:
        if not str(error).startswith("Invalid endpoint"):  # of AWS_ENDPOINT_URL, or the AWS configuration file
            raise
        raise Refused(f"AWS: {error}") from error


def find_target() -> Target:
    """Refused without a region or credentials."""
    with aws_errors():
        region = os.environ.get("AWS_REGION") or boto3.session.Session().region_name
        if not region:
            raise Refused("No AWS region: set AWS_REGION, like AWS_REGION=eu-west-1")
        target = Target("", region, os.environ.get("AWS_ENDPOINT_URL") or None)
        return target._replace(account=target.client("sts").get_caller_identity()["Account"])


def is_bootstrapped(target: Target) -> bool:
    """Whether `make bootstrap` was run for the account and region."""
    with aws_errors():
        try:
            target.client("ssm").get_parameter(Name=_BOOTSTRAP)
        except ClientError as error:
            if error.response["Error"]["Code"] != "ParameterNotFound":
                raise
            return False
    return True


def find_stack(target: Target, stack: str) -> Existing | None:
    """The stack; None if it does not exist, or its creation failed. Refused while a deployment of it runs."""
    with aws_errors():
        try:
            (found,) = target.client("cloudformation").describe_stacks(StackName=stack)["Stacks"]
        except ClientError as error:
            if error.response["Error"]["Code"] != "ValidationError":
                raise
            return None
    status = found["StackStatus"]
    if status in _NEVER_CREATED:
        return None
    if status.endswith("_IN_PROGRESS"):
        raise Refused(f"{stack} is {status}: wait until that deployment has ended")
    return Existing({output["OutputKey"]: output["OutputValue"] for output in found.get("Outputs", [])})
