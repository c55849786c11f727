"""CloudWatch Logs Insights queries for the dashboard: what the functions' structured log lines say about customers."""

from typing import NamedTuple

from infra.groups import GROUPS


class LogQuery(NamedTuple):
    """The lines of a query over the logs of these functions; a table, or bars over time."""

    title: str
    functions: tuple[str, ...]
    lines: tuple[str, ...]
    table: bool = False


QUERIES = (
    LogQuery(
        "Accounts registered",
        ("identity",),
        (
            'filter message = "request" and method = "POST" and path = "/auth/register" and status < 300',
            "stats count(*) as accounts by bin(1h)",
        ),
    ),
    LogQuery(
        "Usage: accepted requests",
        ("metering",),
        (
            'filter message = "request" and method = "POST" and path = "/v1/platform/events" and status < 300',
            "stats count(*) as requests by bin(1h)",
        ),
    ),
    LogQuery(
        "Usage: counted messages of the queue",
        ("usage_queue",),
        (
            'filter message = "batch"',
            "stats sum(messages) - sum(failed) as counted, sum(failed) as repeated by bin(1h)",
        ),
    ),
    LogQuery(
        "Invoices: issued and paid, issued and open, overdue",
        ("invoicing",),
        (
            'filter message = "batch"',
            "stats sum(done.paid) as paid, sum(done.open) as open, sum(done.overdue) as overdue by bin(1h)",
        ),
    ),
    LogQuery(
        "Mails and events: delivered, postponed, parked",
        ("outbox",),
        (
            'filter message = "outbox"',
            "stats sum(outcomes.delivered), sum(outcomes.postponed), sum(outcomes.parked) by bin(1h)",
        ),
    ),
    LogQuery(
        "Suppressed addresses, budget alerts",
        ("mail_feedback", "usage_check"),
        (
            'filter message = "mail feedback" or message = "budgets"',
            "stats sum(suppressed) as addresses, sum(counts.alerted) as alerts by bin(1h)",
        ),
    ),
    LogQuery(
        "Failing requests",
        tuple(group.name for group in GROUPS if group.paths),
        (
            'filter message = "request" and status >= 500',
            "stats count(*) as requests by service, method, path, status",
            "sort requests desc",
            "limit 20",
        ),
        table=True,
    ),
    LogQuery(
        "Latest errors",
        tuple(group.name for group in GROUPS),
        (
            "fields @timestamp, service, coalesce(message, @message) as what, exception_name, request_id",
            # The second part is what Lambda itself prints, as text.
            'filter level = "ERROR" or @message like /\\[ERROR\\]|Task timed out|Runtime exited/',
            "sort @timestamp desc",
            "limit 20",
        ),
        table=True,
    ),
)
