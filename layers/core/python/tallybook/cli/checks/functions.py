"""The functions, what calls them, and how many may run at once."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from tallybook.cli.aws import Resource, date_of_aws, stack_description, stack_resources
from tallybook.cli.checks import Finding, Findings, Problem, Site, summed_up
from tallybook.gateways.clock import Clock

_LEAST_CONCURRENCY = 100
_DEPLOY = "deploy the stage again"
_HOURLY, _OFTEN = timedelta(hours=2, minutes=15), timedelta(minutes=20)


def check_functions(site: Site) -> Findings:
    """Each function, and the version that its alias names."""
    functions = stack_resources("Lambda::Function")
    called = [*functions, *stack_resources("Lambda::Alias")]
    problems = [problem for resource in called for problem in _function_problems(site, resource)]
    yield summed_up("functions", problems, fine=f"{len(functions)} functions are active")


def check_triggers(site: Site) -> Findings:
    """Queues and streams call their functions."""
    mappings = stack_resources("Lambda::EventSourceMapping")
    problems = []
    for mapping in mappings:
        state = site.client("lambda").get_event_source_mapping(UUID=mapping.id)["State"]
        if state in ("Disabled", "Disabling"):
            problems.append(Problem(f"{mapping.logical_id} is {state}", "enable it in the Lambda console"))
    yield summed_up("queues and streams", problems, fine=f"all {len(mappings)} call their functions")


def check_schedules(site: Site) -> Findings:
    """Each rule is enabled, and has called its function within the last two intervals."""
    for rule in stack_resources("Events::Rule"):
        found = site.client("events").describe_rule(Name=rule.id)
        if schedule := found.get("ScheduleExpression"):
            yield _schedule(site, rule, found["State"], schedule)


def check_concurrency(site: Site) -> Findings:
    if site.emulated:
        yield Finding("concurrency", "not checked", "the emulated cloud has no such limit")
        return
    limit = site.client("lambda").get_account_settings()["AccountLimit"]
    total, free = limit["ConcurrentExecutions"], limit["UnreservedConcurrentExecutions"]
    problems = []
    if free < _LEAST_CONCURRENCY:
        text = f"only {free} calls may run at once besides the reserved ones"
        problems.append(Problem(text, "request a higher quota of Lambda's concurrent executions", "warning"))
    yield summed_up("concurrency", problems, fine=f"{total} calls may run at once, {total - free} of them reserved")


def _function_problems(site: Site, resource: Resource) -> list[Problem]:
    found: Mapping[str, Any] = site.client("lambda").get_function_configuration(FunctionName=resource.id)
    states = {"State": found.get("State", "Active"), "update": found.get("LastUpdateStatus", "Successful")}
    if states["State"] not in ("Active", "Inactive"):  # Inactive: not called for weeks; the next call activates it
        return [Problem(f"{resource.logical_id} is {states['State']}: {found.get('StateReason', '')}", _DEPLOY)]
    if states["update"] == "Failed":
        reason = found.get("LastUpdateStatusReason", "")
        return [Problem(f"the last update of {resource.logical_id} failed: {reason}", _DEPLOY)]
    return []


def _schedule(site: Site, rule: Resource, state: str, schedule: str) -> Finding:
    check = f"schedule {rule.logical_id.partition('Schedule')[0]}"
    if state != "ENABLED":
        return Finding(check, "failed", f"it is {state}", "enable the rule in the EventBridge console")
    if site.emulated:
        return Finding(check, "ok", f"enabled, {schedule}; the emulated cloud counts no calls")
    span = _HOURLY if schedule.startswith("cron") else _OFTEN
    if not _calls(site, rule.id, span):
        if date_of_aws() - stack_description()["CreationTime"] < span:
            return Finding(check, "not checked", f"enabled, {schedule}; the stack is too new to have been called")
        found = f"no call in the last {span // timedelta(minutes=1)} minutes"
        return Finding(check, "failed", found, "see the rule's FailedInvocations in CloudWatch")
    return Finding(check, "ok", f"enabled, {schedule}, and called lately")


def _calls(site: Site, rule: str, span: timedelta) -> bool:
    now = Clock().now()
    answer = site.client("cloudwatch").get_metric_statistics(
        Namespace="AWS/Events",
        MetricName="Invocations",
        Dimensions=[{"Name": "RuleName", "Value": rule}],
        StartTime=now - span,
        EndTime=now,
        Period=60,
        Statistics=["Sum"],
    )
    return any(point["Sum"] for point in answer.get("Datapoints", ()))
