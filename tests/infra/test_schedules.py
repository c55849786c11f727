"""Each row with an interval is called at that interval, with the name of its job."""

import json

from infra.groups import GROUPS
from tallybook.domain.jobs import JOBS, camel_case
from tests.support.template import Synthesized, format_value


def test_each_job_is_called_at_its_rows_interval(production: Synthesized) -> None:
    often = {5: "rate(5 minutes)", 60: "cron(0 * * * ? *)"}
    assert _scheduled(production) == {
        f"{camel_case(group.name)}FunctionAliaslive": (often[group.every_minutes], {"job": group.name})
        for group in GROUPS
        if group.every_minutes
    }


def test_each_job_s_clock_is_that_of_its_row() -> None:
    """The moved clock uses `JOBS`, the cloud uses the rows; they must agree. A moved clock has no archive."""
    rows = {group.name: group.every_minutes for group in GROUPS if group.every_minutes and not group.archive}
    assert rows == {job.name: job.every.total_seconds() / 60 for job in JOBS}


def test_the_outbox_is_swept_every_five_minutes(production: Synthesized) -> None:
    assert _scheduled(production)["OutboxFunctionAliaslive"] == ("rate(5 minutes)", {"job": "outbox"})


def test_invoicing_runs_at_each_full_hour(production: Synthesized) -> None:
    assert _scheduled(production)["InvoicingFunctionAliaslive"] == ("cron(0 * * * ? *)", {"job": "invoicing"})


def test_only_the_rule_may_call_a_job(production: Synthesized) -> None:
    permissions = [p for p in production.properties("Lambda::Permission") if p["Principal"] == "events.amazonaws.com"]
    allowed = {
        format_value(permission["FunctionName"]): format_value(permission["SourceArn"]) for permission in permissions
    }
    assert allowed == {
        "OutboxFunctionAliaslive": "OutboxScheduleRule.Arn",
        "InvoicingFunctionAliaslive": "InvoicingScheduleRule.Arn",
        "UsageCheckFunctionAliaslive": "UsageCheckScheduleRule.Arn",
        "ArchiveFunctionAliaslive": "ArchiveScheduleRule.Arn",
    }


def _scheduled(stage: Synthesized) -> dict[str, tuple[str, object]]:
    """Function -> how often, and with which event."""
    return {
        format_value(target["Arn"]): (rule["ScheduleExpression"], json.loads(target["Input"]))
        for rule in stage.properties("Events::Rule")
        for target in rule["Targets"]
    }
