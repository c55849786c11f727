"""New outbox items call the function that delivers them; dirty marks call the one that checks budgets."""

import json
from typing import Any

import pytest

from infra.groups import GROUPS
from tallybook.domain.outbox import STREAM_BATCH
from tallybook.services.jobs.usage_check import check_usage
from tests.functions.lambda_events import stream_record
from tests.support.app import App
from tests.support.template import Properties, Synthesized, format_value

OUTBOX, USAGE = "OutboxFunctionAliaslive:live", "UsageCheckFunctionAliaslive:live"
each_function = pytest.mark.parametrize("function", [OUTBOX, USAGE])


def test_there_is_a_stream_mapping_for_each_row_with_one(production: Synthesized) -> None:
    assert sorted(_sources(production)) == [OUTBOX, USAGE]
    assert {group.name: group.stream for group in GROUPS if group.stream} == {
        "outbox": "outbox",
        "usage_check": "usage",
    }


def test_only_new_outbox_items_are_delivered(production: Synthesized) -> None:
    assert _pattern(production, OUTBOX) == {
        "eventName": ["INSERT"],
        "dynamodb": {"Keys": {"pk": {"S": [{"prefix": "OUTBOX#"}]}}},
    }


def test_only_dirty_marks_are_checked(production: Synthesized) -> None:
    assert _pattern(production, USAGE) == {
        "dynamodb": {"Keys": {"sk": {"S": ["DIRTY"]}}, "NewImage": {"due": {"S": [{"exists": True}]}}}
    }


def test_only_the_dirty_mark_of_usage_passes_the_filter(app: App, production: Synthesized) -> None:
    pattern, member = _pattern(production, USAGE), app.member()
    assert [item["sk"] for item in app.stored("core") if _passes(pattern, stream_record(item))] == []
    app.record(app.event(member))
    marks = [item for item in app.stored("core") if _passes(pattern, stream_record(item, kind="MODIFY"))]
    assert [(mark["pk"], mark["sk"]) for mark in marks] == [(f"ACCOUNT#{member.account.id}", "DIRTY")]
    check_usage(app.ctx, member.account.id)
    (looked_at,) = app.stored("core", "DIRTY")
    assert not _passes(pattern, stream_record(looked_at, kind="MODIFY"))


@each_function
def test_a_mapping_reads_the_stream_of_core_from_the_oldest_record(production: Synthesized, function: str) -> None:
    source = _sources(production)[function]
    assert format_value(source["EventSourceArn"]) == "TablesCore.StreamArn"
    assert source["StartingPosition"] == "TRIM_HORIZON"


def test_two_mappings_read_the_stream_as_aws_allows_for_a_shard(production: Synthesized) -> None:
    assert len(_sources(production)) == 2


def test_outbox_batches_are_immediate_and_usage_batches_wait_a_second(production: Synthesized) -> None:
    sources = _sources(production)
    assert {name: source["BatchSize"] for name, source in sources.items()} == {OUTBOX: STREAM_BATCH, USAGE: 100}
    assert "MaximumBatchingWindowInSeconds" not in sources[OUTBOX]
    assert sources[USAGE]["MaximumBatchingWindowInSeconds"] == 1


def test_usage_batches_of_a_shard_run_in_parallel_outbox_batches_do_not(
    production: Synthesized,
) -> None:
    sources = _sources(production)
    assert {name: source["ParallelizationFactor"] for name, source in sources.items()} == {OUTBOX: 1, USAGE: 10}


@each_function
def test_a_failed_batch_is_halved_and_soon_left_to_the_sweep(production: Synthesized, function: str) -> None:
    source = _sources(production)[function]
    assert (source["MaximumRetryAttempts"], source["BisectBatchOnFunctionError"]) == (2, True)
    assert "DestinationConfig" not in source
    assert all(group.every_minutes for group in GROUPS if group.stream)


def _sources(stage: Synthesized) -> dict[str, Properties]:
    """Function -> its mapping."""
    sources = [one for one in stage.properties("Lambda::EventSourceMapping") if "StartingPosition" in one]
    found = {format_value(source["FunctionName"]): source for source in sources}
    assert len(found) == len(sources)
    return found


def _pattern(stage: Synthesized, function: str) -> dict[str, Any]:
    (passed,) = _sources(stage)[function]["FilterCriteria"]["Filters"]
    pattern: dict[str, Any] = json.loads(passed["Pattern"])
    return pattern


def _passes(pattern: Any, value: Any) -> bool:
    """Whether the pattern matches as in Lambda: each of its fields lists the accepted values.

    Source: Lambda, "Filter rule syntax".
    """
    if isinstance(pattern, list):
        return any(_matches_rule(rule, value) for rule in pattern)
    return all(_passes(inner, value.get(name) if isinstance(value, dict) else None) for name, inner in pattern.items())


def _matches_rule(rule: Any, value: Any) -> bool:
    match rule:
        case {"exists": must_exist}:
            return (value is not None) is must_exist
        case {"prefix": start}:
            return isinstance(value, str) and value.startswith(start)
    return bool(value == rule)
