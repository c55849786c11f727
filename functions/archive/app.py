"""Archive both tables every hour: start the next export of changes, and note those that are finished.

A failed export is started again. Calls then fail until it is done: Lambda gives up after its third try, and the alarm
`Undelivered` reports it.
"""

from typing import Any

from aws_lambda_powertools import Logger

from tallybook import archiving, runtime
from tallybook.domain.times import stamp_or_none
from tallybook.services.jobs.archive import archive_table

logger = Logger()


class ExportFailed(Exception):
    """An export to the archive failed; the same changes are being exported again."""


def handler(_event: dict[str, Any], _context: Any) -> dict[str, str]:
    """Handle `{"job": "archive"}`; return the step of each table."""
    exporter = archiving.exports()
    progress = {
        name: archive_table(runtime.context(), exporter, name, arn.rpartition("/")[2])
        for name, arn in exporter.tables.items()
    }
    logger.info(
        "archive",
        extra={
            "tables": {name: {**one._asdict(), "until": stamp_or_none(one.until)} for name, one in progress.items()}
        },
    )
    if failed := [name for name, one in progress.items() if one.failed]:
        raise ExportFailed(", ".join(failed))
    return {name: one.step for name, one in progress.items()}


runtime.prepare()
