"""What neither cfn-lint nor the emulated cloud refuses, and AWS does: each limit with the page that states it."""

import json
from pathlib import Path

from tests.support.template import Properties, Synthesized

LONGEST_ARN = "arn:aws:dynamodb:ap-southeast-2:123456789012:table/" + 80 * "x"


def test_the_template_is_within_cloudformations_quotas(production: Synthesized) -> None:
    """CloudFormation, "Understand CloudFormation quotas"."""
    template = production.template
    assert len(json.dumps(template)) < 1_000_000
    assert len(template["Resources"]) <= 500
    assert len(template["Outputs"]) <= 200


def test_an_alarm_looks_back_a_day_at_most_or_a_week_by_the_hour(production: Synthesized) -> None:
    """CloudWatch, "PutMetricAlarm", EvaluationPeriods and Period."""
    for alarm in production.properties("CloudWatch::Alarm"):
        for period in _periods(alarm):
            assert period in (10, 20, 30) or period % 60 == 0
            assert period * alarm["EvaluationPeriods"] <= (604_800 if period >= 3600 else 86_400), alarm["AlarmName"]


def test_texts_are_not_longer_than_aws_takes(production: Synthesized) -> None:
    """CloudWatch, "PutMetricAlarm": 1,024 and 255 characters. Lambda, "CreateFunction": 256."""
    for alarm in production.properties("CloudWatch::Alarm"):
        assert len(alarm["AlarmDescription"]) <= 1024
        assert len(alarm["AlarmName"]) <= 255
    assert all(len(function["Description"]) <= 256 for function in production.properties("Lambda::Function"))


def test_a_deployment_group_watches_ten_alarms_at_most(production: Synthesized) -> None:
    """CodeDeploy, "Monitoring deployments with CloudWatch alarms"."""
    for group in production.properties("CodeDeploy::DeploymentGroup"):
        assert len(group["AlarmConfiguration"]["Alarms"]) <= 10


def test_an_inline_policy_is_within_10240_characters(production: Synthesized) -> None:
    """IAM, "IAM and AWS STS quotas": of all inline policies of a role; each role has one."""
    policies = production.properties("IAM::Policy")
    roles = [policy["Roles"][0]["Ref"] for policy in policies]
    assert len(set(roles)) == len(roles)
    for policy in policies:
        assert len(json.dumps(_with_names(policy["PolicyDocument"]), separators=(",", ":"))) <= 10_240


def test_the_environment_of_a_function_is_within_4_kb(production: Synthesized) -> None:
    """Lambda, "Lambda quotas"."""
    for function in production.properties("Lambda::Function"):
        assert len(json.dumps(_with_names(function["Environment"]["Variables"]))) <= 4096


def test_a_function_and_its_layers_unzip_to_less_than_250_mb(production: Synthesized) -> None:
    """Lambda, "Lambda quotas": 250 MB and five layers."""
    layers = production.properties("Lambda::LayerVersion")
    assert len(layers) <= 5
    in_layers = sum(_size(production.asset(layer["Content"])) for layer in layers)
    largest = max(_size(production.asset(one["Code"])) for one in production.properties("Lambda::Function"))
    assert in_layers + largest < 250 * 1024 * 1024


def test_the_api_is_within_300_routes_and_each_setting_is_that_of_a_route(production: Synthesized) -> None:
    """API Gateway, "Quotas for HTTP APIs". A stage whose settings name a route before it exists is refused."""
    routes = production.resources("ApiGatewayV2::Route")
    assert len(routes) <= 300
    (stage,) = production.resources("ApiGatewayV2::Stage").values()
    waited_for = {routes[name]["Properties"]["RouteKey"] for name in stage["DependsOn"] if name in routes}
    assert waited_for == set(stage["Properties"]["RouteSettings"])


def _periods(alarm: Properties) -> list[int]:
    if "Period" in alarm:
        return [alarm["Period"]]
    return [metric["MetricStat"]["Period"] for metric in alarm["Metrics"] if "MetricStat" in metric]


def _with_names(value: object) -> object:
    """The value with a long name in place of each reference."""
    match value:
        case {"Ref": _} | {"Fn::GetAtt": _} | {"Fn::Select": _}:
            return LONGEST_ARN
        case {"Fn::Join": [separator, parts]}:
            return str(separator).join(str(_with_names(part)) for part in parts)
        case dict():
            return {key: _with_names(one) for key, one in value.items()}
        case list():
            return [_with_names(one) for one in value]
    return value


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
