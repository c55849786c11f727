"""A small stack with one of each thing that `tallybook doctor` checks, in an emulated cloud, as CDK names them."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from infra.local.cloud import Cloud
from tests.cli.aws import STACK

_KEYS = [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}]
_INDEX = [{"AttributeName": "work", "KeyType": "HASH"}, {"AttributeName": "due", "KeyType": "RANGE"}]


def _table(*attributes: str, **more: Any) -> dict[str, Any]:
    properties = {
        "KeySchema": _KEYS,
        "AttributeDefinitions": [{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk", *attributes)],
        "BillingMode": "PAY_PER_REQUEST",
        "DeletionProtectionEnabled": True,
        "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True},
        "TimeToLiveSpecification": {"AttributeName": "expires", "Enabled": True},
        **more,
    }
    return {"Type": "AWS::DynamoDB::Table", "Properties": properties}


_WORK = {"IndexName": "work", "KeySchema": _INDEX, "Projection": {"ProjectionType": "KEYS_ONLY"}}
_CORE = _table(
    "work",
    "due",
    StreamSpecification={"StreamViewType": "NEW_AND_OLD_IMAGES"},
    GlobalSecondaryIndexes=[_WORK],
)
_ALARM = {
    "MetricName": "Errors",
    "Namespace": "AWS/Lambda",
    "ComparisonOperator": "GreaterThanThreshold",
    "EvaluationPeriods": 1,
    "Period": 300,
    "Threshold": 0,
    "Statistic": "Sum",
    "AlarmDescription": "outbox failed",
}
_FEEDBACK = {
    "Name": "feedback",
    "Enabled": True,
    "MatchingEventTypes": ["BOUNCE", "COMPLAINT"],
    "SnsDestination": {"TopicARN": {"Ref": "AlarmsTopic3A2DFEBA"}},
}
_TEMPLATE = {
    "Resources": {
        "TablesCore90572085": _CORE,
        "TablesUsageA60E9525": _table(),
        "AlarmsTopic3A2DFEBA": {"Type": "AWS::SNS::Topic"},
        "AlarmsOutboxErrors84668401": {"Type": "AWS::CloudWatch::Alarm", "Properties": _ALARM},
        "OutboxScheduleRule02DC0EAE": {
            "Type": "AWS::Events::Rule",
            "Properties": {"ScheduleExpression": "rate(5 minutes)", "State": "ENABLED"},
        },
        "MailIdentity4EC7C521": {
            "Type": "AWS::SES::EmailIdentity",
            "Properties": {"EmailIdentity": "example.com"},
        },
        "MailSetF44D7B1B": {"Type": "AWS::SES::ConfigurationSet", "Properties": {"Name": "set"}},
        "MailSetFeedback70A7553D": {
            "Type": "AWS::SES::ConfigurationSetEventDestination",
            "Properties": {"ConfigurationSetName": {"Ref": "MailSetF44D7B1B"}, "EventDestination": _FEEDBACK},
        },
        "UsageMessagesDead721D9E9B": {"Type": "AWS::SQS::Queue"},
        "UsageMessagesMain8E0997BC": {
            "Type": "AWS::SQS::Queue",
            "Properties": {
                "RedrivePolicy": {
                    "deadLetterTargetArn": {"Fn::GetAtt": ["UsageMessagesDead721D9E9B", "Arn"]},
                    "maxReceiveCount": 5,
                }
            },
        },
    },
    "Outputs": {
        "CoreTable": {"Value": {"Ref": "TablesCore90572085"}},
        "UsageTable": {"Value": {"Ref": "TablesUsageA60E9525"}},
    },
}


@dataclass(frozen=True, slots=True)
class WholeStack:
    """The names of its resources in AWS, by the start of their ids in the template."""

    client: Callable[[str], Any]
    names: dict[str, str]

    def named(self, start: str) -> str:
        (name,) = (name for id, name in self.names.items() if id.startswith(start))
        return name

    def recover(self, table: str, *, enabled: bool) -> None:
        """Turn point-in-time recovery on or off."""
        recovery = {"PointInTimeRecoveryEnabled": enabled}
        name = self.named(table)
        self.client("dynamodb").update_continuous_backups(TableName=name, PointInTimeRecoverySpecification=recovery)

    def note_call(self) -> None:
        """As CloudWatch counts a call of the schedule."""
        rule = {"Name": "RuleName", "Value": self.named("OutboxScheduleRule")}
        metric = {"MetricName": "Invocations", "Dimensions": [rule], "Value": 1.0}
        self.client("cloudwatch").put_metric_data(Namespace="AWS/Events", MetricData=[metric])

    def subscribe(self, protocol: str, endpoint: str) -> None:
        topic = self.named("AlarmsTopic")
        self.client("sns").subscribe(TopicArn=topic, Protocol=protocol, Endpoint=endpoint)


def create_whole_stack(cloud: Cloud) -> WholeStack:
    cloudformation = cloud.client("cloudformation")
    body = json.dumps(_TEMPLATE)
    cloudformation.create_stack(StackName=STACK, TemplateBody=body, EnableTerminationProtection=True)
    while (created := cloudformation.describe_stacks(StackName=STACK)["Stacks"][0])["StackStatus"].endswith("PROGRESS"):
        time.sleep(0.05)
    assert created["StackStatus"] == "CREATE_COMPLETE", created
    found = cloudformation.list_stack_resources(StackName=STACK)["StackResourceSummaries"]
    names = {resource["LogicalResourceId"]: resource["PhysicalResourceId"] for resource in found}
    stack = WholeStack(cloud.client, names)
    for table in ("TablesCore", "TablesUsage"):  # the emulator leaves out these settings of a template
        stack.recover(table, enabled=True)
        expiry = {"Enabled": True, "AttributeName": "expires"}
        cloud.client("dynamodb").update_time_to_live(TableName=stack.named(table), TimeToLiveSpecification=expiry)
    return stack
