"""A role has the rights of its row, on exactly those resources, and no others."""

from collections.abc import Callable
from datetime import UTC, datetime
from fnmatch import fnmatchcase

import pytest

from infra.groups import GROUPS, Group
from infra.stage import Stage
from tallybook.domain.credentials import PlatformKey
from tallybook.domain.jobs import camel_case
from tallybook.store import keys
from tallybook.store.keys import Key
from tallybook.store.platform_keys import note_use
from tallybook.store.requests import command_request
from tests.infra.settings import WITH_SETTINGS
from tests.support.template import Properties, Synthesized, format_value

each_group = pytest.mark.parametrize("group", GROUPS, ids=lambda group: group.name)

SES = "arn:AWS::Partition:ses:AWS::Region:AWS::AccountId"
READ_STREAM = ("DescribeStream", "GetRecords", "GetShardIterator", "ListStreams")
READ_QUEUE = ("ReceiveMessage", "ChangeMessageVisibility", "GetQueueUrl", "DeleteMessage", "GetQueueAttributes")
ARCHIVE = (
    *(("dynamodb:ExportTableToPointInTime", f"Tables{table}.Arn") for table in ("Core", "Usage")),
    *(("dynamodb:DescribeExport", f"Tables{table}.Arn/export/*") for table in ("Core", "Usage")),
    *((f"s3:{action}", "ArchiveFilesBucket.Arn/*") for action in ("PutObject", "PutObjectAcl", "AbortMultipartUpload")),
)

UNDELIVERED = "UndeliveredQueue.Arn"

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
        *([("sqs:SendMessage", UNDELIVERED)] if group.asynchronous else []),
        *([("ses:SendEmail", f"{SES}:identity/MailIdentity")] if group.mail else []),
        *([("ses:SendEmail", f"{SES}:configuration-set/MailSet")] if group.mail else []),
        *([("events:PutEvents", "Bus.Arn")] if group.bus else []),
        *(ARCHIVE if group.archive else ()),
        ("logs:CreateLogStream", f"{camel_case(group.name)}Log.Arn"),
        ("logs:PutLogEvents", f"{camel_case(group.name)}Log.Arn"),
        ("xray:PutTraceSegments", "*"),
        ("xray:PutTelemetryRecords", "*"),
    }


@each_group
def test_nothing_but_tracing_is_allowed_everywhere(group: Group, production: Synthesized) -> None:
    everywhere = {action for action, resource in _rights(group, production) if "*" in resource} - {
        action for action, _ in ARCHIVE if group.archive
    }
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
        if right.startswith("sqs:Send") and queue != UNDELIVERED
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


def test_in_the_sandbox_mails_may_go_to_each_verified_recipient(
    synthesize: Callable[[Stage], Synthesized], production: Synthesized
) -> None:
    """There SES asks for the right to the recipient's identity too; the sender stays the stage's address."""
    (outbox,) = [group for group in GROUPS if group.mail]
    sandbox = synthesize(WITH_SETTINGS)
    assert _rights(outbox, sandbox) - _rights(outbox, production) == {("ses:SendEmail", f"{SES}:identity/*")}
    (statement,) = [one for one in _statements(outbox, sandbox) if "ses:SendEmail" in one["Action"]]
    assert statement["Condition"] == {"StringEquals": {"ses:FromAddress": production.stage.mail_address}}


@each_group
def test_no_function_writes_what_only_the_operator_writes(group: Group, production: Synthesized) -> None:
    """Also the list of the platform's keys, the catalog that periods pin, and the formats of the data."""
    catalog = (keys.catalog_current(), keys.catalog_version(3))
    for key in (keys.platform_key("p"), keys.platform_keys(), *catalog, keys.format_item()):
        for action in ("PutItem", "DeleteItem"):
            assert _is_denied(group, production, action, key)
        allowed = group.notes_key_use and key == keys.platform_key("p")
        assert _is_denied(group, production, "UpdateItem", key, "pk", "sk", "last_used_at") is not allowed
        for attribute in ("scopes", "secret_hash", "expires_at", "source_prefix", "key_ids", "body"):
            assert _is_denied(group, production, "UpdateItem", key, "pk", "sk", "last_used_at", attribute)


@each_group
def test_no_function_is_denied_what_it_writes_otherwise(group: Group, production: Synthesized) -> None:
    others = (keys.account("a"), keys.outbox("o"), keys.email("platform@example.com"), keys.session("CATALOG"))
    for key in others:
        for action in ("PutItem", "DeleteItem", "UpdateItem"):
            assert not _is_denied(group, production, action, key, "pk", "sk", "scopes")


def test_only_metering_notes_the_use_of_platform_keys() -> None:
    assert [group.name for group in GROUPS if group.notes_key_use] == ["metering"]


def test_noting_a_use_changes_only_the_attribute_that_may_change() -> None:
    key = PlatformKey(id="p", name="ci", scopes=("usage:write",), secret_hash="h", created_at=datetime.now(UTC))
    _, request = command_request(note_use(key, at=datetime.now(UTC)), {"core": "core", "usage": "usage"})
    named = set(request["ExpressionAttributeNames"].values()) | set(request["Key"])
    assert named <= {"pk", "sk", "last_used_at"}


def _is_denied(group: Group, stage: Synthesized, action: str, key: Key, *attributes: str) -> bool:
    """Whether a deny of the role matches the request, as IAM evaluates it."""
    return any(
        f"dynamodb:{action}" in _listed(statement["Action"])
        and "TablesCore.Arn" in map(format_value, _listed(statement["Resource"]))
        and all(
            _condition_holds(operator, name, _listed(expected), key, attributes)
            for operator, conditions in statement["Condition"].items()
            for name, expected in conditions.items()
        )
        for statement in _statements(group, stage)
        if statement["Effect"] == "Deny"
    )


def _condition_holds(operator: str, name: str, expected: list[str], key: Key, attributes: tuple[str, ...]) -> bool:
    """`ForAnyValue`: whether any value of the request passes."""
    if (operator, name) == ("ForAnyValue:StringLike", "dynamodb:LeadingKeys"):
        return any(fnmatchcase(key.pk, pattern) for pattern in expected)
    if (operator, name) == ("ForAnyValue:StringNotEquals", "dynamodb:Attributes"):
        return any(attribute not in expected for attribute in attributes)
    raise ValueError(f"{operator} on {name} has no meaning here")


def _rights(group: Group, stage: Synthesized) -> set[Right]:
    """Each action with each resource that it is allowed on."""
    return {
        (action, format_value(resource))
        for statement in _statements(group, stage)
        if statement["Effect"] == "Allow"
        for action in _listed(statement["Action"])
        for resource in _listed(statement["Resource"])
    }


def _statements(group: Group, stage: Synthesized) -> list[Properties]:
    role = stage.functions()[group.name]["Role"]["Fn::GetAtt"][0]
    policies = [policy for policy in stage.properties("IAM::Policy") if {"Ref": role} in policy["Roles"]]
    return [statement for policy in policies for statement in policy["PolicyDocument"]["Statement"]]


def _listed(one_or_more: object) -> list[str]:
    return one_or_more if isinstance(one_or_more, list) else [one_or_more]
