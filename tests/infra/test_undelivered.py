"""An asynchronous invocation that AWS gives up is kept in one queue."""

from collections.abc import Callable

import pytest

from infra.groups import GROUPS, Group
from infra.stage import Stage
from tallybook.domain.jobs import camel_case
from tests.infra.settings import WITH_SETTINGS
from tests.support.template import Properties, Synthesized, format_value

UNDELIVERED = "UndeliveredQueue.Arn"
ASYNCHRONOUS = [group for group in GROUPS if group.asynchronous]
each_asynchronous = pytest.mark.parametrize("group", ASYNCHRONOUS, ids=lambda group: group.name)


def test_each_function_without_a_waiting_caller_keeps_its_failures(production: Synthesized) -> None:
    assert [group.name for group in ASYNCHRONOUS] == ["invoicing", "usage_check", "outbox", "mail_feedback", "archive"]
    assert len(production.properties("Lambda::EventInvokeConfig")) == len(ASYNCHRONOUS)


@each_asynchronous
def test_a_failed_invocation_is_tried_three_times_and_then_kept(group: Group, production: Synthesized) -> None:
    config = _config(group, production)
    assert config["MaximumRetryAttempts"] == 2
    assert config["MaximumEventAgeInSeconds"] == (3600 if group.every_minutes else 6 * 3600)
    assert format_value(config["DestinationConfig"]["OnFailure"]["Destination"]) == UNDELIVERED


@each_asynchronous
def test_the_settings_are_those_of_the_version_that_is_called(group: Group, production: Synthesized) -> None:
    aliases = {format_value(alias["FunctionName"]) for alias in production.properties("Lambda::Alias")}
    has_alias = f"{camel_case(group.name)}Function" in aliases
    assert _config(group, production)["Qualifier"] == ("live" if has_alias else "$LATEST")


def test_the_settings_wait_for_the_alias_that_they_name(synthesize: Callable[[Stage], Synthesized]) -> None:
    stage = synthesize(WITH_SETTINGS)
    for config in stage.resources("Lambda::EventInvokeConfig").values():
        assert config["Properties"]["Qualifier"] == "live"
        assert set(config["DependsOn"]) & set(stage.resources("Lambda::Alias"))


def test_a_schedule_that_cannot_call_its_function_keeps_the_event_for_an_hour(production: Synthesized) -> None:
    targets = [target for rule in production.properties("Events::Rule") for target in rule["Targets"]]
    assert len(targets) == len([group for group in GROUPS if group.every_minutes])
    for target in targets:
        assert format_value(target["DeadLetterConfig"]["Arn"]) == UNDELIVERED
        assert target["RetryPolicy"]["MaximumEventAgeInSeconds"] == 3600


def test_a_notification_that_cannot_be_delivered_is_kept(production: Synthesized) -> None:
    subscriptions = [one for one in production.properties("SNS::Subscription") if one["Protocol"] == "lambda"]
    assert len(subscriptions) == len([group for group in GROUPS if group.topic])
    for subscription in subscriptions:
        assert format_value(subscription["RedrivePolicy"]["deadLetterTargetArn"]) == UNDELIVERED


def test_only_our_rules_and_our_topic_may_send_to_the_queue(production: Synthesized) -> None:
    allowed = [statement for statement in _queue_policy(production) if statement["Effect"] == "Allow"]
    senders = {
        (statement["Principal"]["Service"], format_value(next(iter(condition.values()))))
        for statement in allowed
        for condition in statement["Condition"].values()
    }
    assert senders == {
        ("events.amazonaws.com", "InvoicingScheduleRule.Arn"),
        ("events.amazonaws.com", "UsageCheckScheduleRule.Arn"),
        ("events.amazonaws.com", "OutboxScheduleRule.Arn"),
        ("events.amazonaws.com", "ArchiveScheduleRule.Arn"),
        ("sns.amazonaws.com", "MailFeedbackNotificationsTopic"),
    }
    assert {statement["Action"] for statement in allowed} == {"sqs:SendMessage"}


def test_the_queue_is_encrypted_refuses_plain_http_and_keeps_two_weeks(production: Synthesized) -> None:
    (queue,) = [q for key, q in production.resources("SQS::Queue").items() if key.startswith("Undelivered")]
    assert queue["Properties"] == {"MessageRetentionPeriod": 14 * 24 * 3600, "SqsManagedSseEnabled": True} | {
        key: value for key, value in queue["Properties"].items() if key == "Tags"
    }
    (denied,) = [statement for statement in _queue_policy(production) if statement["Effect"] == "Deny"]
    assert denied["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_the_operator_finds_the_queue_and_the_functions_in_the_outputs(production: Synthesized) -> None:
    outputs = production.template["Outputs"]
    assert format_value(outputs["UndeliveredQueueUrl"]["Value"]) == "UndeliveredQueue"
    for group in ASYNCHRONOUS:
        name = camel_case(group.name)
        assert format_value(outputs[f"{name}Function"]["Value"]).startswith(f"{name}Function")


def _config(group: Group, stage: Synthesized) -> Properties:
    name = f"{camel_case(group.name)}Function"
    configs = stage.properties("Lambda::EventInvokeConfig")
    (config,) = [config for config in configs if format_value(config["FunctionName"]) == name]
    return config


def _queue_policy(stage: Synthesized) -> list[Properties]:
    (policy,) = [p for p in stage.properties("SQS::QueuePolicy") if format_value(p["Queues"][0]) == "UndeliveredQueue"]
    statements: list[Properties] = policy["PolicyDocument"]["Statement"]
    return statements
