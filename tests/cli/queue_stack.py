"""A stack with a queue and its dead-letter queue, in an emulated cloud, as CDK names them."""

import json
import time
from dataclasses import dataclass
from typing import Any

from infra.local.cloud import Cloud
from tests.cli.aws import STACK

_TEMPLATE = {
    "Resources": {
        "UsageCheckMessagesDead721D9E9B": {"Type": "AWS::SQS::Queue"},
        "UsageCheckMessagesMain8E0997BC": {
            "Type": "AWS::SQS::Queue",
            "Properties": {
                "RedrivePolicy": {
                    "deadLetterTargetArn": {"Fn::GetAtt": ["UsageCheckMessagesDead721D9E9B", "Arn"]},
                    "maxReceiveCount": 5,
                }
            },
        },
        "UndeliveredQueue0A1B2C3D": {"Type": "AWS::SQS::Queue"},
    },
    "Outputs": {
        "UndeliveredQueueUrl": {"Value": {"Ref": "UndeliveredQueue0A1B2C3D"}},
        "MailFeedbackFunction": {"Value": "the-feedback"},
    },
}


@dataclass(frozen=True, slots=True)
class QueueStack:
    """The addresses of the queue, of its dead-letter queue, and of the queue of undelivered calls."""

    cloud: Cloud
    main: str
    dead: str
    undelivered: str

    def fail(self, body: Any, *, reason: str | None = None) -> None:
        """Put a message into the dead-letter queue."""
        text = body if isinstance(body, str) else json.dumps(body)
        attributes = {"ErrorMessage": {"DataType": "String", "StringValue": reason}} if reason else {}
        self.cloud.client("sqs").send_message(QueueUrl=self.dead, MessageBody=text, MessageAttributes=attributes)

    def waiting(self, url: str) -> list[dict[str, Any]]:
        """The messages of a queue, which stay there."""
        answer = self.cloud.client("sqs").receive_message(
            QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=0, MessageAttributeNames=["All"]
        )
        return list(answer.get("Messages", ()))


def create_queue_stack(cloud: Cloud) -> QueueStack:
    cloudformation = cloud.client("cloudformation")
    cloudformation.create_stack(StackName=STACK, TemplateBody=json.dumps(_TEMPLATE))
    while cloudformation.describe_stacks(StackName=STACK)["Stacks"][0]["StackStatus"] == "CREATE_IN_PROGRESS":
        time.sleep(0.05)
    found = cloudformation.list_stack_resources(StackName=STACK)["StackResourceSummaries"]
    urls = {resource["LogicalResourceId"]: resource["PhysicalResourceId"] for resource in found}
    names = ("UsageCheckMessagesMain8E0997BC", "UsageCheckMessagesDead721D9E9B", "UndeliveredQueue0A1B2C3D")
    return QueueStack(cloud, *(urls[name] for name in names))
