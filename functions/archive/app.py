"""Archive both tables every hour: start the next export of changes, and note those that are finished.

A failed export is started again. Calls then fail until it is done: Lambda gives up after its third try, and the alarm
`Undelivered` reports it. So does a table that can't be exported, after the step of the other one: changes can be
exported for 35 days only.
"""

from typing import Any

from aws_lambda_powertools import Logger

from tallybook import archiving, runtime
from tallybook.domain.times import stamp_or_none
from tallybook.services.jobs.archive import Progress, archive_table

logger = Logger()


class ExportFailed(Exception):
    """An export of these tables failed, and is made again, or could not be started."""


def handler(_event: dict[str, Any], context: Any) -> dict[str, str]:
    """Handle `{"job": "archive"}`; return the step of each table."""
    logger.append_keys(request_id=context.aws_request_id)
    exporter = archiving.exports()
    progress: dict[str, Progress] = {}
    failed: list[str] = []
    for name, arn in exporter.tables.items():
        try:
            progress[name] = archive_table(runtime.context(), exporter, name, arn.rpartition("/")[2])
        except Exception:
            logger.exception("the table can't be archived", extra={"table": name})
            failed.append(name)
    logger.info(
        "archive",
        extra={
            "tables": {name: {**one._asdict(), "until": stamp_or_none(one.until)} for name, one in progress.items()}
        },
    )
    if failed := [*failed, *(name for name, one in progress.items() if one.failed)]:
        raise ExportFailed(", ".join(failed))
    return {name: one.step for name, one in progress.items()}


runtime.prepare()
