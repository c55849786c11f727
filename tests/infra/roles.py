"""The credentials of a function in an emulated cloud, whose role has the given rights."""

import io
import json
import zipfile
from collections.abc import Sequence
from typing import Any

import boto3

from infra.local.cloud import REGION, Cloud
from tests.support.template import Properties

ACCOUNT = "000000000000"
_SHOWS_ITS_CREDENTIALS = """
import os
def handler(event, context):
    return {name: os.environ[f"AWS_{name.upper()}"] for name in ("access_key_id", "secret_access_key", "session_token")}
"""


def credentials_of_function(cloud: Cloud, name: str, statements: Sequence[Properties]) -> dict[str, str]:
    """Make the role and the function `name`; its credentials by the names of boto3's arguments, without `aws_`."""
    iam, functions = cloud.client("iam"), cloud.client("lambda")
    iam.create_role(RoleName=name, AssumeRolePolicyDocument="{}")
    policy = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
    iam.put_role_policy(RoleName=name, PolicyName="rights", PolicyDocument=policy)
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("app.py", _SHOWS_ITS_CREDENTIALS)
    functions.create_function(
        FunctionName=name,
        Runtime="python3.13",
        Role=role_arn(name),
        Handler="app.handler",
        Code={"ZipFile": code.getvalue()},
    )
    shown: dict[str, str] = json.load(functions.invoke(FunctionName=name)["Payload"])
    return shown


def role_arn(name: str) -> str:
    return f"arn:aws:iam::{ACCOUNT}:role/{name}"


def client_of_function(service: str, cloud: Cloud, credentials: dict[str, str]) -> Any:
    settings: dict[str, Any] = {f"aws_{name}": value for name, value in credentials.items()}
    return boto3.session.Session(**settings, region_name=REGION).client(service, endpoint_url=cloud.endpoint)
