"""A stage that nobody uses costs less than $2 a month."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from infra.alarm_rows import MOST_METRICS
from infra.stage import STAGES, Stage
from tests.infra.idle_cost import NoPrice, amounts, cost
from tests.support.template import Synthesized

ROOT = Path(__file__).parents[2]
MOST = Decimal("2.00")


@pytest.mark.parametrize("name", STAGES)
def test_an_idle_stage_costs_less_than_two_dollars(name: str, synthesize: Callable[[Stage], Synthesized]) -> None:
    used = amounts(synthesize(STAGES[name]))
    assert cost(used, with_free=True) < MOST, dict(used)


def test_a_stage_with_as_many_alarm_metrics_as_it_may_have_costs_less(production: Synthesized) -> None:
    used = {**amounts(production), "alarm metric": Decimal(MOST_METRICS)}
    assert cost(used, with_free=True) < MOST


def test_the_page_of_alarms_states_both_costs_of_production(production: Synthesized) -> None:
    used = amounts(production)
    page = (ROOT / "docs/alarms.md").read_text()
    for with_free in (True, False):
        stated = f"${cost(used, with_free=with_free):.2f}"
        assert stated in page, stated


def test_an_alarm_costs_for_each_metric_that_it_evaluates() -> None:
    single = {"MetricName": "5xx"}
    double = {"Metrics": [{"MetricStat": {}}, {"MetricStat": {}}, {"Expression": "a + b"}]}
    used = amounts(_stage(Alarm=("CloudWatch::Alarm", single), Other=("CloudWatch::Alarm", double)))
    assert used == {"alarm metric": 3}


def test_ten_alarm_metrics_are_free() -> None:
    used = {"alarm metric": Decimal(25)}
    assert cost(used, with_free=True) == Decimal("1.50")
    assert cost(used, with_free=False) == Decimal("2.50")


def test_an_idle_queue_is_polled_fifteen_times_a_minute_and_a_stream_for_free() -> None:
    used = amounts(
        _stage(
            Queue=("Lambda::EventSourceMapping", {}),
            Stream=("Lambda::EventSourceMapping", {"StartingPosition": "TRIM_HORIZON"}),
        )
    )
    assert used["SQS request"] == 15 * 60 * Decimal("730.5")


def test_a_resource_without_a_price_fails_and_names_the_table() -> None:
    with pytest.raises(NoPrice, match=r"Nat is an AWS::EC2::NatGateway, .* tests/infra/prices\.py"):
        amounts(_stage(Nat=("EC2::NatGateway", {})))


def test_a_schedule_pays_for_its_calls_and_its_queries(production: Synthesized) -> None:
    used = amounts(production)
    assert used["Lambda call"] == (12 + 12 + 1 + 1) * Decimal("730.5")
    assert 70_000 < used["DynamoDB read unit"] < 120_000


def test_the_archive_pays_for_two_exports_a_day_of_the_least_size(production: Synthesized) -> None:
    assert amounts(production)["export GB"] == pytest.approx(Decimal("0.609"), abs=Decimal("0.001"))


@dataclass(frozen=True, slots=True)
class _Template:
    template: dict[str, Any]


def _stage(**resources: tuple[str, dict[str, Any]]) -> Any:
    return _Template(
        {
            "Resources": {
                name: {"Type": f"AWS::{kind}", "Properties": properties}
                for name, (kind, properties) in resources.items()
            }
        }
    )
