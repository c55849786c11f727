"""`STAGE=production python -m infra.release_check`: `make deploy` runs it before it changes anything, and afterwards.

It checks that this code may be deployed on the data of the stage, and records the formats that the data may have
(docs/releases.md, "Formats"). Exit codes: 0 passed and recorded, 1 refused, 2 it can't tell; nothing is changed but the
record. A stage without a stack passes.
"""

import os
import sys
from collections.abc import Mapping

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from infra.release_outputs import release_of
from infra.stage import STAGES
from tallybook.domain.errors import TallybookError
from tallybook.domain.formats import THIS, FormatRefused
from tallybook.runtime import connect
from tallybook.services.releases.formats import record_release

PASSED, REFUSED, UNKNOWN = 0, 1, 2


def main(stage: str) -> int:
    """Print one line, and return the exit code."""
    if stage not in STAGES:
        return _say(f"There is no stage {stage!r} to deploy; the stages are {', '.join(STAGES)}", UNKNOWN)
    try:
        return _say(f"{stage}: {check(stage)}", PASSED)
    except FormatRefused as refused:
        return _say(f"{stage} can't be deployed: {refused.message}", REFUSED)
    except (BotoCoreError, ClientError, TallybookError) as error:
        return _say(f"The formats of {stage} can't be checked: {error}", UNKNOWN)


def check(stage: str) -> str:
    """As `check_stack`, for the stack of the stage. FormatRefused, and errors of boto3."""
    return check_stack(_outputs(f"tallybook-{stage}"))


def check_stack(outputs: Mapping[str, str]) -> str:
    """Check and record by the outputs of a stack; what its data has and this code reads. FormatRefused."""
    if "CoreTable" not in outputs:
        return "there is no data yet"
    ctx = connect(core_table=outputs["CoreTable"], usage_table=outputs["UsageTable"])
    formats = record_release(ctx, deployed=release_of(outputs))
    code = f"this code reads {_listed(THIS.reads)} and writes {THIS.writes}"
    return f"the data has format{'s' if len(formats.stored) > 1 else ''} {_listed(formats.stored)}; {code}"


def _outputs(stack: str) -> Mapping[str, str]:
    """The outputs of the stack, none if it does not exist; FormatRefused while another deployment runs."""
    try:
        (found,) = boto3.session.Session().client("cloudformation").describe_stacks(StackName=stack)["Stacks"]
    except ClientError as error:
        if error.response["Error"]["Code"] == "ValidationError":
            return {}
        raise
    outputs = {output["OutputKey"]: output["OutputValue"] for output in found.get("Outputs", [])}
    if outputs and found["StackStatus"].endswith("_IN_PROGRESS"):
        raise FormatRefused(f"{stack} is {found['StackStatus']}: wait until that deployment has ended")
    return outputs


def _listed(formats: tuple[int, ...]) -> str:
    return ", ".join(map(str, formats))


def _say(line: str, code: int) -> int:
    print(line, file=sys.stderr if code else sys.stdout)
    return code


if __name__ == "__main__":
    sys.exit(main(os.environ.get("STAGE", "")))
