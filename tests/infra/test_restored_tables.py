"""A stage with restored tables uses them by name, and leaves them and its own tables to AWS."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from infra.stage import STAGES, Restored, Stage
from tests.support.template import Synthesized, format_value

STREAM = "arn:aws:dynamodb:eu-west-1:123456789012:table/restored-core/stream/2026-11-01T12:00:00.000"
RESTORED = Restored(core="restored-core", usage="restored-usage", core_stream=STREAM)


@pytest.fixture(scope="module")
def stage(synthesize: Callable[[Stage], Synthesized]) -> Synthesized:
    return synthesize(replace(STAGES["production"], restored=RESTORED))


def test_the_stack_makes_no_tables_and_outputs_the_restored_ones(stage: Synthesized) -> None:
    assert stage.resources("DynamoDB::Table") == {}
    outputs = stage.template["Outputs"]
    assert outputs["CoreTable"]["Value"] == "restored-core"
    assert outputs["UsageTable"]["Value"] == "restored-usage"


def test_functions_read_and_write_the_restored_tables(stage: Synthesized) -> None:
    for function in stage.functions().values():
        variables = function["Environment"]["Variables"]
        assert (variables["CORE_TABLE"], variables["USAGE_TABLE"]) == ("restored-core", "restored-usage")
    granted = {
        resource if isinstance(resource, str) else format_value(resource)
        for policy in stage.properties("IAM::Policy")
        for statement in policy["PolicyDocument"]["Statement"]
        if any(str(action).startswith("dynamodb:") for action in _listed(statement["Action"]))
        for resource in _listed(statement["Resource"])
    }
    place = "arn:AWS::Partition:dynamodb:AWS::Region:AWS::AccountId:table"
    core, usage = f"{place}/restored-core", f"{place}/restored-usage"
    assert granted == {core, f"{core}/index/work", usage, STREAM, f"{core}/export/*", f"{usage}/export/*"}


def test_the_streams_of_the_functions_are_those_of_the_restored_table(stage: Synthesized) -> None:
    sources = [source["EventSourceArn"] for source in stage.properties("Lambda::EventSourceMapping")]
    assert sources.count(STREAM) == 2


def _listed(one_or_more: object) -> list[object]:
    return one_or_more if isinstance(one_or_more, list) else [one_or_more]
