"""What appears in the outbox, and nothing else, calls the function that delivers it."""

import json

from infra.groups import GROUPS
from tests.support.template import Properties, Synthesized, written


def test_only_items_that_appear_in_the_outbox_pass(production: Synthesized) -> None:
    (passed,) = _source(production)["FilterCriteria"]["Filters"]
    assert json.loads(passed["Pattern"]) == {
        "eventName": ["INSERT"],
        "dynamodb": {"Keys": {"pk": {"S": [{"prefix": "OUTBOX#"}]}}},
    }


def test_they_come_in_small_batches_from_the_oldest_on(production: Synthesized) -> None:
    source = _source(production)
    assert written(source["EventSourceArn"]) == "TablesCore.StreamArn"
    assert (source["StartingPosition"], source["BatchSize"]) == ("TRIM_HORIZON", 10)


def test_a_batch_that_fails_is_halved_and_soon_left_to_the_sweep(production: Synthesized) -> None:
    source = _source(production)
    assert (source["MaximumRetryAttempts"], source["BisectBatchOnFunctionError"]) == (2, True)
    assert "DestinationConfig" not in source
    assert all(group.every_minutes for group in GROUPS if group.stream)


def _source(stage: Synthesized) -> Properties:
    (source,) = [s for s in stage.properties("Lambda::EventSourceMapping") if "StartingPosition" in s]
    assert written(source["FunctionName"]) == "OutboxFunction"
    return source
