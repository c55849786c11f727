"""A release shifts calls by CodeDeploy as the stage says, and rolls back on the alarms that concern it."""

import json
import re
from collections.abc import Callable
from decimal import Decimal

import pytest

from infra.bundle import ROOT
from infra.groups import GROUPS
from infra.stage import STAGES, Stage
from tallybook.domain.jobs import camel_case
from tests.infra.settings import WITH_SETTINGS
from tests.support.template import Properties, Synthesized, format_value


def test_each_alias_is_shifted_by_a_deployment_group_of_its_own(production: Synthesized) -> None:
    groups = production.resources("CodeDeploy::DeploymentGroup")
    shifted = [alias["UpdatePolicy"] for alias in production.resources("Lambda::Alias").values()]
    names = [policy["CodeDeployLambdaAliasUpdate"]["DeploymentGroupName"]["Ref"] for policy in shifted]
    assert sorted(names) == sorted(groups)
    assert len(names) == len(GROUPS)


@pytest.mark.parametrize("stage", STAGES.values(), ids=lambda stage: stage.name)
def test_production_is_shifted_as_a_canary_others_at_once(
    stage: Stage, synthesize: Callable[[Stage], Synthesized]
) -> None:
    configuration = "LambdaCanary10Percent5Minutes" if stage.name == "production" else "LambdaAllAtOnce"
    groups = synthesize(stage).properties("CodeDeploy::DeploymentGroup")
    assert {group["DeploymentConfigName"] for group in groups} == {f"CodeDeployDefault.{configuration}"}


def test_nothing_is_shifted_on_this_computer(on_this_computer: Synthesized) -> None:
    assert "CodeDeploy" not in json.dumps(on_this_computer.template)


def test_5xx_and_slow_answers_roll_a_release_back(production: Synthesized) -> None:
    for group in production.properties("CodeDeploy::DeploymentGroup"):
        assert _alarms(group) == ["AlarmsServerErrors", "AlarmsSlowAnswers"]
        assert group["AlarmConfiguration"]["Enabled"] is True
        assert group["AutoRollbackConfiguration"] == {
            "Enabled": True,
            "Events": ["DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_ALARM"],
        }


def test_a_release_that_mends_the_cause_of_an_alarm_ignores_it(
    synthesize: Callable[[Stage], Synthesized],
) -> None:
    stage = synthesize(WITH_SETTINGS)
    for group in stage.properties("CodeDeploy::DeploymentGroup"):
        assert not group["AlarmConfiguration"]["Enabled"]
        assert group["AutoRollbackConfiguration"]["Events"] == ["DEPLOYMENT_FAILURE"]


def test_what_a_release_needs_does_not_depend_on_what_it_shifts(production: Synthesized) -> None:
    """CloudFormation creates them before it shifts the aliases, and refuses a circle."""
    resources = production.template["Resources"]
    needed, left = set[str](), set(production.resources("CodeDeploy::DeploymentGroup"))
    while left:
        name = left.pop()
        needed.add(name)
        left |= _needed_by(resources[name]) & set(resources) - needed
    assert len(needed & set(production.resources("CloudWatch::Alarm"))) == 2
    assert len(needed & set(production.resources("IAM::Policy"))) >= 1
    assert not needed & set(production.resources("Lambda::Alias"))


def test_the_role_that_shifts_may_only_move_the_functions_aliases(production: Synthesized) -> None:
    ((_, policy),) = [(n, p) for n, p in production.resources("IAM::Policy").items() if n.startswith("ReleaseRole")]
    shift, read = policy["Properties"]["PolicyDocument"]["Statement"]
    assert shift["Action"] == ["lambda:GetAlias", "lambda:GetProvisionedConcurrencyConfig", "lambda:UpdateAlias"]
    assert {format_value(resource) for resource in shift["Resource"]} == {
        f"{camel_case(group.name)}Function.Arn{alias}" for group in GROUPS for alias in ("", ":live")
    }
    assert (read["Action"], read["Resource"]) == ("cloudwatch:DescribeAlarms", "*")


def test_only_codedeploy_may_take_the_role_that_shifts(production: Synthesized) -> None:
    ((name, role),) = [(n, r) for n, r in production.resources("IAM::Role").items() if n.startswith("ReleaseRole")]
    (statement,) = role["Properties"]["AssumeRolePolicyDocument"]["Statement"]
    assert statement["Principal"] == {"Service": "codedeploy.amazonaws.com"}
    groups = production.properties("CodeDeploy::DeploymentGroup")
    assert {group["ServiceRoleArn"]["Fn::GetAtt"][0] for group in groups} == {name}


def _needed_by(resource: Properties) -> set[str]:
    return {*re.findall(r'"(?:Ref|Fn::GetAtt)": \[?"(\w+)"', json.dumps(resource)), *resource.get("DependsOn", [])}


def test_the_documented_price_of_snap_start_is_that_of_todays_functions() -> None:
    gigabytes = Decimal(sum(group.memory for group in GROUPS)) / 1024
    price = gigabytes * Decimal("0.0000015046") * 30 * 24 * 3600
    page = (ROOT / "docs/releases.md").read_text().replace("\n", " ")
    assert f"the {len(GROUPS)} functions have {gigabytes} GB" in page
    assert f"${price:.2f} for 30 days" in page
    assert f"${price:.0f} a month" in (ROOT / "README.md").read_text()


def _alarms(group: Properties) -> list[str]:
    return [format_value(alarm["Name"]) for alarm in group["AlarmConfiguration"]["Alarms"]]
