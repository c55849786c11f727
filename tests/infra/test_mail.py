"""Mails are sent from the stage's own domain, over TLS; bounces and complaints are reported back."""

from collections.abc import Callable

import pytest

from infra.stage import STAGES, Stage, local
from tests.infra.settings import WITH_SETTINGS
from tests.support.template import Synthesized, format_value


def test_its_identity_is_the_domain_of_its_address(production: Synthesized) -> None:
    (identity,) = production.properties("SES::EmailIdentity")
    assert identity["EmailIdentity"] == "example.com"
    assert format_value(identity["ConfigurationSetAttributes"]["ConfigurationSetName"]) == "MailSet"


def test_the_records_that_dns_needs_are_outputs(production: Synthesized) -> None:
    outputs = {name: one for name, one in production.template["Outputs"].items() if name.startswith("DkimRecord")}
    assert sorted(outputs) == ["DkimRecord1", "DkimRecord2", "DkimRecord3"]
    for number in (1, 2, 3):
        shown = format_value(outputs[f"DkimRecord{number}"]["Value"])
        assert shown == f"MailIdentity.DkimDNSTokenName{number} CNAME MailIdentity.DkimDNSTokenValue{number}"


def test_no_two_stages_share_a_domain_since_an_account_knows_each_only_once() -> None:
    domains = [stage.mail_domain for stage in STAGES.values()]
    assert all(domains)
    assert len(set(domains)) == len(domains)


def test_mails_are_sent_only_over_tls_and_their_reputation_is_measured(production: Synthesized) -> None:
    (settings,) = production.properties("SES::ConfigurationSet")
    assert settings["Name"] == "tallybook-production"
    assert settings["DeliveryOptions"] == {"TlsPolicy": "REQUIRE"}
    assert settings["ReputationOptions"] == {"ReputationMetricsEnabled": True}


def test_bounces_and_complaints_reach_the_function_that_suppresses(production: Synthesized) -> None:
    (destination,) = production.properties("SES::ConfigurationSetEventDestination")
    assert format_value(destination["ConfigurationSetName"]) == "MailSet"
    events = destination["EventDestination"]
    assert (events["Enabled"], sorted(events["MatchingEventTypes"])) == (True, ["bounce", "complaint"])
    topic = format_value(events["SnsDestination"]["TopicARN"])
    (subscription,) = [s for s in production.properties("SNS::Subscription") if s["Protocol"] == "lambda"]
    assert format_value(subscription["TopicArn"]) == topic == "MailFeedbackNotificationsTopic"
    assert format_value(subscription["Endpoint"]) == "MailFeedbackFunctionAliaslive"
    (allowed,) = [p for p in production.properties("Lambda::Permission") if p["Principal"] == "sns.amazonaws.com"]
    assert (format_value(allowed["FunctionName"]), format_value(allowed["SourceArn"])) == (
        "MailFeedbackFunctionAliaslive",
        topic,
    )


def test_only_ses_for_this_stage_may_publish_feedback(production: Synthesized) -> None:
    policies = production.properties("SNS::TopicPolicy")
    (policy,) = [p for p in policies if format_value(p["Topics"][0]) == "MailFeedbackNotificationsTopic"]
    (allowed,) = [s for s in policy["PolicyDocument"]["Statement"] if s["Effect"] == "Allow"]
    assert (allowed["Principal"], allowed["Action"]) == ({"Service": "ses.amazonaws.com"}, "sns:Publish")
    where = {name: format_value(value) for name, value in allowed["Condition"]["StringEquals"].items()}
    configuration_set = "arn:AWS::Partition:ses:AWS::Region:AWS::AccountId:configuration-set/MailSet"
    assert where == {"AWS:SourceAccount": "AWS::AccountId", "AWS:SourceArn": configuration_set}


@pytest.mark.parametrize(
    ("stage", "page"),
    [
        (STAGES["production"], "ApiHttp.ApiEndpoint"),
        (WITH_SETTINGS, "https://app.example.com"),
        (local(8000), "http://localhost:8000"),
    ],
    ids=["production", "with pages of its own", "local"],
)
def test_the_sender_gets_its_name_its_address_and_the_page_url(
    stage: Stage, page: str, synthesize: Callable[[Stage], Synthesized]
) -> None:
    variables = synthesize(stage).functions()["outbox"]["Environment"]["Variables"]
    assert variables["MAIL_FROM"] == "Tallybook <no-reply@example.com>"
    assert variables["BRAND"] == "Tallybook"
    assert format_value(variables["MAIL_CONFIGURATION_SET"]) == "MailSet"
    assert format_value(variables["PAGE_URL"]) == page
