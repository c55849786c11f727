"""What a month of an idle stage costs by AWS's list prices.

Prices are in USD, for us-east-1, as listed in February 2026; other regions are up to a quarter dearer. Source: AWS's
pricing pages of CloudWatch, SQS, Lambda, DynamoDB, X-Ray, Secrets Manager and KMS.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Literal, NamedTuple

type Unit = Literal[
    "alarm metric",
    "dashboard",
    "secret",
    "key",
    "SQS request",
    "Lambda call",
    "Lambda GB-second",
    "DynamoDB read unit",
    "export GB",
    "log GB",
    "trace",
]


class Price(NamedTuple):
    """`free`: how many a month are free for an account, always, not only in its first year."""

    usd: Decimal
    free: int = 0


MILLION = 1_000_000

PRICES: Mapping[Unit, Price] = {
    "alarm metric": Price(Decimal("0.10"), free=10),
    "dashboard": Price(Decimal("3.00"), free=3),  # of at most 50 metrics each
    "secret": Price(Decimal("0.40")),
    "key": Price(Decimal("1.00")),
    "SQS request": Price(Decimal("0.40") / MILLION, free=MILLION),
    "Lambda call": Price(Decimal("0.20") / MILLION, free=MILLION),
    "Lambda GB-second": Price(Decimal("0.0000166667"), free=400_000),  # x86; Arm is a fifth cheaper
    "DynamoDB read unit": Price(Decimal("0.125") / MILLION),
    "export GB": Price(Decimal("0.10")),
    "log GB": Price(Decimal("0.50"), free=5),
    "trace": Price(Decimal("5.00") / MILLION, free=100_000),
}

MONTHLY: Mapping[str, Unit] = {
    "AWS::CloudWatch::Dashboard": "dashboard",
    "AWS::KMS::Key": "key",
    "AWS::SecretsManager::Secret": "secret",
}
"""Kinds of resources with a monthly price."""

HOURS = Decimal("730.5")
"""A month."""

POLLS_A_MINUTE = 15
"""Lambda polls an idle queue with 5 pollers, each for 20 s. Source: Lambda, "Using Lambda with Amazon SQS"."""

CALL_SECONDS = Decimal(2)
"""A scheduled call that finds nothing, cold start included; measured calls take less."""

EXPORT_GB = Decimal("0.01")
"""The least that an export of changes is charged as; the archive makes one of each table a day."""

CALL_LOG_GB = Decimal(2_000) / 10**9
"""Four lines of Lambda and one of ours."""

NOTHING_AT_REST = frozenset(
    {
        "AWS::ApiGatewayV2::Api",
        "AWS::ApiGatewayV2::ApiMapping",
        "AWS::ApiGatewayV2::DomainName",
        "AWS::ApiGatewayV2::Integration",
        "AWS::ApiGatewayV2::Route",
        "AWS::ApiGatewayV2::Stage",
        "AWS::CDK::Metadata",
        "AWS::CodeDeploy::Application",  # shifts of Lambda are free
        "AWS::CodeDeploy::DeploymentGroup",
        "AWS::DynamoDB::Table",  # on demand; storage and its backups are paid by the GB
        "AWS::Events::EventBus",
        "AWS::IAM::Policy",
        "AWS::IAM::Role",
        "AWS::Lambda::Alias",
        "AWS::Lambda::EventInvokeConfig",
        "AWS::Lambda::Function",
        "AWS::Lambda::LayerVersion",
        "AWS::Lambda::Permission",
        "AWS::Lambda::Version",  # not with SnapStart, which is priced in the README
        "AWS::Logs::LogGroup",
        "AWS::Logs::ResourcePolicy",
        "AWS::S3::Bucket",  # paid by the GB and by request
        "AWS::S3::BucketPolicy",
        "AWS::SES::ConfigurationSet",
        "AWS::SES::ConfigurationSetEventDestination",
        "AWS::SES::EmailIdentity",
        "AWS::SNS::Subscription",
        "AWS::SNS::Topic",
        "AWS::SNS::TopicPolicy",
        "AWS::SQS::Queue",  # only requests cost
        "AWS::SQS::QueuePolicy",
        "AWS::Scheduler::Schedule",  # 14 million calls a month are free
        "AWS::Scheduler::ScheduleGroup",
    }
)
"""Kinds of resources that cost nothing while nobody uses them."""
