"""Deploys the synthesized template through CloudFormation: assets to the bootstrap bucket, then create or update."""

import io
import json
import time
import zipfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from infra.local.cloud import REGION, Cloud

_ACCOUNT = "000000000000"
_BUCKET = f"cdk-hnb659fds-assets-{_ACCOUNT}-{REGION}"
_BOOTSTRAP = "/cdk-bootstrap/hnb659fds/version"
_INPUTS = "inputs"
_DEPLOY_SECONDS = 120.0


class DeployFailed(RuntimeError):
    """The deployment failed; the message has CloudFormation's reasons."""


@dataclass(frozen=True, slots=True)
class Deployed:
    """The stack's outputs, and the digest of its inputs."""

    outputs: Mapping[str, str]
    inputs: str


def deployed(cloud: Cloud, stack: str) -> Deployed | None:
    """The deployed stack; None if there is none in a usable state."""
    try:
        found = cloud.client("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]
    except ClientError:
        return None
    if found["StackStatus"] not in ("CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE"):
        return None
    tags = {tag["Key"]: tag["Value"] for tag in found.get("Tags", [])}
    outputs = {output["OutputKey"]: output["OutputValue"] for output in found.get("Outputs", [])}
    return Deployed(outputs, tags.get(_INPUTS, "") if found["StackStatus"] != "UPDATE_ROLLBACK_COMPLETE" else "")


def deploy(cloud: Cloud, assembly: Path, stack: str, inputs: str) -> Deployed:
    """Create or update the stack from `assembly`; the data in its tables stays."""
    template = _publish_assets(cloud, assembly, stack)
    _create_or_update(cloud.client("cloudformation"), template, stack, inputs)
    result = deployed(cloud, stack)
    if result is None:
        raise DeployFailed(f"{stack} is missing after its deployment")
    return result


def _publish_assets(cloud: Cloud, assembly: Path, stack: str) -> str:
    """Upload the assets that are not in the bucket; returns the URL of the template, which is one of them."""
    cloud.client("ssm").put_parameter(Name=_BOOTSTRAP, Value="30", Type="String", Overwrite=True)
    s3 = cloud.client("s3")
    with suppress(s3.exceptions.BucketAlreadyOwnedByYou):
        s3.create_bucket(Bucket=_BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    uploaded = {item["Key"] for page in _pages(s3) for item in page.get("Contents", [])}
    assets = json.loads((assembly / f"{stack}.assets.json").read_text())["files"]
    keys = {}
    for asset in assets.values():
        (destination,) = asset["destinations"].values()
        source = assembly / asset["source"]["path"]
        keys[source.name] = key = destination["objectKey"]
        if key not in uploaded:
            body = zipped(source) if asset["source"]["packaging"] == "zip" else source.read_bytes()
            s3.put_object(Bucket=_BUCKET, Key=key, Body=body)
    return f"{cloud.endpoint}/{_BUCKET}/{keys[f'{stack}.template.json']}"


def _pages(s3: Any) -> Any:
    return s3.get_paginator("list_objects_v2").paginate(Bucket=_BUCKET)


def zipped(folder: Path) -> bytes:
    """The folder as a zip, with the date 1980 for each file, as in CDK's zips."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                entry = zipfile.ZipInfo(str(path.relative_to(folder)))
                entry.external_attr = 0o644 << 16
                entry.compress_type = zipfile.ZIP_DEFLATED
                archive.writestr(entry, path.read_bytes(), compresslevel=1)
    return buffer.getvalue()


def _create_or_update(cloudformation: Any, template: str, stack: str, inputs: str) -> None:
    arguments = {
        "StackName": stack,
        "TemplateURL": template,
        "Capabilities": ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"],
        "Tags": [{"Key": _INPUTS, "Value": inputs}],
    }
    try:
        exists = bool(cloudformation.describe_stacks(StackName=stack)["Stacks"])
    except ClientError:
        exists = False
    try:
        (cloudformation.update_stack if exists else cloudformation.create_stack)(**arguments)
    except ClientError as error:
        if "No updates are to be performed" in str(error):
            return
        raise DeployFailed(str(error)[:2000]) from None
    _await_settled(cloudformation, stack)


def _await_settled(cloudformation: Any, stack: str) -> None:
    deadline = time.monotonic() + _DEPLOY_SECONDS
    while time.monotonic() < deadline:
        status = cloudformation.describe_stacks(StackName=stack)["Stacks"][0]["StackStatus"]
        if not status.endswith("_IN_PROGRESS"):
            break
        time.sleep(0.1)
    if status not in ("CREATE_COMPLETE", "UPDATE_COMPLETE"):
        events = cloudformation.describe_stack_events(StackName=stack)["StackEvents"]
        reasons = [
            f"{event['LogicalResourceId']}: {event['ResourceStatusReason']}"
            for event in events
            if event.get("ResourceStatusReason")
        ]
        raise DeployFailed("\n".join([f"{stack} is {status}", *reasons]))
