"""`tallybook doctor`: check the deployed stack. It only reads."""

import json
from collections.abc import Callable
from functools import cache

import typer
from botocore.exceptions import BotoCoreError, ClientError

from tallybook.cli.aws import client, stack_description
from tallybook.cli.checks import Finding, Findings, Site
from tallybook.cli.checks.data import check_archive, check_catalog, check_format, check_tables
from tallybook.cli.checks.functions import check_concurrency, check_functions, check_schedules, check_triggers
from tallybook.cli.checks.mail import check_domain, check_feedback, check_sending
from tallybook.cli.checks.watching import check_alarms, check_subscription
from tallybook.cli.checks.work import check_clock, check_jobs, check_outbox, check_queues
from tallybook.cli.context import operator_context
from tallybook.cli.options import AsJson
from tallybook.cli.printing import print_list
from tallybook.cli.streams import write
from tallybook.domain.errors import TallybookError

app = typer.Typer(add_completion=False)

_CHECKS: tuple[Callable[[Site], Findings], ...] = (
    check_clock,
    check_tables,
    check_format,
    check_catalog,
    check_archive,
    check_functions,
    check_concurrency,
    check_triggers,
    check_schedules,
    check_jobs,
    check_outbox,
    check_queues,
    check_sending,
    check_domain,
    check_feedback,
    check_subscription,
    check_alarms,
)
_COLUMNS = ("status", "check", "found", "to_do")
_DENIED = ("AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthorizationError")


@app.command()
def doctor(as_json: AsJson = False) -> None:
    """Check the installation that TALLYBOOK_STACK names: tables, mail, alarms, schedules, queues, work, clock.

    The exit status is 1 if a check failed. What this computer's credentials may not read is a warning.
    """
    with operator_context() as ctx:
        stack = stack_description()
        site = Site(
            ctx,
            cache(client),  # making one takes longer than most calls
            keeps=bool(stack.get("EnableTerminationProtection")),
            emulated=stack["StackName"].endswith("-local"),
        )
        found = [finding for check in _CHECKS for finding in _findings(check, site)]
    healthy = all(finding.status != "failed" for finding in found)
    rows = [finding._asdict() for finding in found]
    if as_json:
        write(json.dumps({"healthy": healthy, "checks": rows}, allow_nan=False))
    else:
        print_list("checks", rows, _COLUMNS, as_json=False)
    if not healthy:
        raise typer.Exit(1)


def _findings(check: Callable[[Site], Findings], site: Site) -> list[Finding]:
    """What the check finds; an error of AWS or of stored data is a finding too, so that the others are made."""
    name = check.__name__.removeprefix("check_")
    try:
        return list(check(site))
    except ClientError as error:
        if error.response["Error"]["Code"] in _DENIED:
            return [Finding(name, "warning", f"not allowed: {error.operation_name}", "see docs/operator.md, Doctor")]
        return [Finding(name, "failed", f"AWS: {error}", "see the AWS console")]
    except (BotoCoreError, TallybookError) as error:
        return [Finding(name, "failed", str(error), "run the check again")]
