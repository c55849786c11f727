"""A role has the rights of its row, on exactly those resources, and no others."""

import pytest

from infra.groups import GROUPS, Group
from tallybook.domain.jobs import camel_case
from tests.support.template import Properties, Synthesized, format_value

each_group = pytest.mark.parametrize("group", GROUPS, ids=lambda group: group.name)

SES = "arn:AWS::Partition:ses:AWS::Region:AWS::AccountId"
READ_STREAM = ("DescribeStream", "GetRecords", "GetShardIterator", "ListStreams")
READ_QUEUE = ("ReceiveMessage", "ChangeMessageVisibility", "GetQueueUrl", "DeleteMessage", "GetQueueAttributes")

type Right = tuple[str, str]


@each_group
def test_its_role_may_do_exactly_what_its_row_says(group: Group, production: Synthesized) -> None:
    assert _rights(group, production) == {
        *((f"dynamodb:{action}", "TablesCore.Arn") for action in group.core),
        *((f"dynamodb:{action}", "TablesUsage.Arn") for action in group.usage),
        *([("dynamodb:Query", "TablesCore.Arn/index/work")] if group.work else []),
        *((f"dynamodb:{action}", "TablesCore.StreamArn") for action in READ_STREAM if group.stream),
        *((f"sqs:{action}", f"{camel_case(str(group.queue))}MessagesMain.Arn") for action in READ_QUEUE if group.queue),
        *([("sqs:SendMessage", f"{camel_case(str(group.sends))}MessagesMain.Arn")] if group.sends else []),
        *([("ses:SendEmail", f"{SES}:identity/MailIdentity")] if group.mail else []),
        *([("ses:SendEmail", f"{SES}:configuration-set/MailSet")] if group.mail else []),
        *([("events:PutEvents", "Bus.Arn")] if group.bus else []),
        ("logs:CreateLogStream", f"{camel_case(group.name)}Log.Arn"),
        ("logs:PutLogEvents", f"{camel_case(group.name)}Log.Arn"),
        ("xray:PutTraceSegments", "*"),
        ("xray:PutTelemetryRecords", "*"),
    }


@each_group
def test_nothing_but_tracing_is_allowed_everywhere(group: Group, production: Synthesized) -> None:
    everywhere = {action for action, resource in _rights(group, production) if "*" in resource}
    assert everywhere == {"xray:PutTelemetryRecords", "xray:PutTraceSegments"}
    assert all("ManagedPolicyArns" not in role for role in production.properties("IAM::Role"))


def test_only_the_outbox_sends_mails_and_events(production: Synthesized) -> None:
    for action in ("ses:SendEmail", "events:PutEvents"):
        able = [group.name for group in GROUPS if action in {right for right, _ in _rights(group, production)}]
        assert able == ["outbox"]


def test_only_queued_jobs_send_messages_and_only_to_their_own_queue(production: Synthesized) -> None:
    able = {
        (group.name, queue)
        for group in GROUPS
        for right, queue in _rights(group, production)
        if right.startswith("sqs:Send")
    }
    assert able == {("invoicing", "InvoicingMessagesMain.Arn"), ("usage_check", "UsageCheckMessagesMain.Arn")}


def test_mails_are_sent_only_from_the_stages_address(production: Synthesized) -> None:
    statements = [
        statement
        for policy in production.properties("IAM::Policy")
        for statement in policy["PolicyDocument"]["Statement"]
        if "ses:SendEmail" in statement["Action"]
    ]
    assert [statement["Condition"] for statement in statements] == [
        {"StringEquals": {"ses:FromAddress": production.stage.mail_address}}
    ]


def _rights(group: Group, stage: Synthesized) -> set[Right]:
    """Each action with each resource that it is allowed on."""
    role = stage.functions()[group.name]["Role"]["Fn::GetAtt"][0]
    policies = [policy for policy in stage.properties("IAM::Policy") if {"Ref": role} in policy["Roles"]]
    return {right for policy in policies for right in _each(policy)}


def _each(policy: Properties) -> set[Right]:
    statements = policy["PolicyDocument"]["Statement"]
    assert {statement["Effect"] for statement in statements} == {"Allow"}
    return {
        (action, format_value(resource))
        for statement in statements
        for action in _listed(statement["Action"])
        for resource in _listed(statement["Resource"])
    }


def _listed(one_or_more: object) -> list[str]:
    return one_or_more if isinstance(one_or_more, list) else [one_or_more]
