"""The dashboard shows metrics that the stack emits, and log lines that the functions write."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from infra.groups import GROUPS
from infra.monitoring.dashboard import MOST_METRICS
from infra.monitoring.log_queries import QUERIES, LogQuery
from tallybook.domain.jobs import camel_case
from tests.support.template import Synthesized

ROOT = Path(__file__).parents[3]
LOG_CALL = re.compile(r'(?:logger\.\w+|logger\.info\)|log)\(\s*(?:"([\w ]+)"|self\._job\.name)')
each_query = pytest.mark.parametrize("query", QUERIES, ids=lambda query: query.title)

DIMENSIONS = {
    "AWS/ApiGateway": {("ApiId",)},
    "AWS/DynamoDB": {("TableName",), ("GlobalSecondaryIndexName", "TableName")},
    "AWS/Lambda": {("FunctionName",), ("FunctionName", "Resource"), ()},
    "AWS/SQS": {("QueueName",)},
    "Tallybook": {("service", "stage")},
}
"""Under which each service publishes its metrics; a function's alias has a dimension of its own."""


def test_there_is_one_dashboard_with_the_stages_name(production: Synthesized) -> None:
    (dashboard,) = production.properties("CloudWatch::Dashboard")
    assert dashboard["DashboardName"] == "tallybook-production"


def test_it_shows_no_more_metrics_than_are_free(production: Synthesized) -> None:
    assert 40 < len(_metrics(production)) <= MOST_METRICS


def test_each_metric_has_dimensions_that_its_service_publishes(production: Synthesized) -> None:
    for namespace, _, dimensions in _metrics(production):
        assert tuple(sorted(dimensions)) in DIMENSIONS[namespace], (namespace, dimensions)


def test_each_dimension_names_a_resource_of_the_stack(production: Synthesized) -> None:
    known = {re.sub(r"[0-9A-F]{8}$", "", name) for name in production.template["Resources"]}
    services = {group.name for group in GROUPS}
    for _, metric, dimensions in _metrics(production):
        for name, value in dimensions.items():
            match name:
                case "service":
                    assert value in services
                case "stage":
                    assert value == "production"
                case "GlobalSecondaryIndexName":
                    assert value == "work"
                case _:
                    assert value.partition(".")[0].partition(":")[0] in known, (metric, name, value)


def test_each_function_shows_its_errors_and_its_duration(production: Synthesized) -> None:
    shown = {(metric, dimensions.get("FunctionName")) for _, metric, dimensions in _metrics(production)}
    for group in GROUPS:
        if group.archive:  # its failures are alarmed, and its graphs would make the dashboard cost
            continue
        for metric in ("Errors", "Duration"):
            assert (metric, f"{camel_case(group.name)}Function") in shown


def test_each_query_reads_the_logs_of_its_functions(production: Synthesized) -> None:
    queries = [widget["properties"] for widget in _widgets(production) if widget["type"] == "log"]
    assert len(queries) == len(QUERIES)
    for shown, query in zip(queries, QUERIES, strict=True):
        assert re.findall(r"SOURCE '(\w+)'", shown["query"]) == [f"{camel_case(name)}Log" for name in query.functions]


@each_query
def test_a_query_filters_on_messages_that_its_functions_log(query: LogQuery) -> None:
    logged = {message for file in _sources() for message in LOG_CALL.findall(file.read_text())}
    assert set(re.findall(r'message = "([^"]+)"', "\n".join(query.lines))) <= logged


@each_query
def test_a_query_names_fields_that_are_logged(query: LogQuery) -> None:
    text = "\n".join(file.read_text() for file in _sources())
    fields = {field for line in query.lines for field in re.findall(r"sum\(([\w.]+)\)", line)}
    for field in fields:
        assert all(f'"{part}"' in text for part in field.split(".")), field


def _sources() -> list[Path]:
    product = ROOT / "layers/core/python/tallybook"
    folders = [product, product / "domain", product / "services/outbox"]
    return [*(ROOT / "functions").rglob("*.py"), *(file for folder in folders for file in folder.glob("*.py"))]


def _widgets(stage: Synthesized) -> list[dict[str, Any]]:
    (dashboard,) = stage.properties("CloudWatch::Dashboard")
    body = dashboard["DashboardBody"]
    widgets: list[dict[str, Any]] = json.loads(_joined(body))["widgets"]
    return widgets


def _joined(body: Any) -> str:
    """The body with each reference replaced by the resource's id, without its hash."""
    separator, parts = body["Fn::Join"]
    return str(separator).join(part if isinstance(part, str) else _name(part) for part in parts)


def _name(reference: dict[str, Any]) -> str:
    (value,) = reference.values()
    name, *attribute = value if isinstance(value, list) else [value]
    return ".".join([re.sub(r"[0-9A-F]{8}$", "", name), *attribute])


def _metrics(stage: Synthesized) -> list[tuple[str, str, dict[str, str]]]:
    """Namespace, metric and dimensions of each metric of each graph."""
    found = []
    for widget in _widgets(stage):
        for namespace, metric, *rest in widget["properties"].get("metrics", ()):
            pairs = [part for part in rest if isinstance(part, str)]
            found.append((namespace, metric, dict(zip(pairs[::2], pairs[1::2], strict=True))))
    return found
