"""What a stage can bound: the calls of metering at once, and the units a second of each table and index."""

from collections.abc import Callable

from infra.stage import Stage
from tests.infra.settings import WITH_SETTINGS
from tests.support.template import Synthesized


def test_a_stages_bounds_apply_to_metering_and_to_each_table_and_index(
    synthesize: Callable[[Stage], Synthesized],
) -> None:
    stage = synthesize(WITH_SETTINGS)
    reserved = {name: one.get("ReservedConcurrentExecutions") for name, one in stage.functions().items()}
    assert {name: count for name, count in reserved.items() if count is not None} == {"metering": 50}
    tables = stage.properties("DynamoDB::Table")
    bounded = [*tables, *(index for table in tables for index in table.get("GlobalSecondaryIndexes", ()))]
    most = {"MaxReadRequestUnits": 4000, "MaxWriteRequestUnits": 1000}
    assert [one["OnDemandThroughput"] for one in bounded] == [most] * 3


def test_without_bounds_the_template_has_none(production: Synthesized, on_this_computer: Synthesized) -> None:
    for stage in (production, on_this_computer):
        text = str(stage.resources("DynamoDB::Table")) + str(stage.resources("Lambda::Function"))
        assert "OnDemandThroughput" not in text
        assert "ReservedConcurrentExecutions" not in text
