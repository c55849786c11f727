"""DynamoDB's own exports of tables to the archive's bucket.

<table>/full/<day>/AWSDynamoDB/<export>/data/    all items
<table>/changes/<day>/AWSDynamoDB/data/          the changes of a day, or of a part of it
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal, NamedTuple

from botocore.exceptions import ClientError

from tallybook.domain.times import day_of
from tallybook.gateways.interceptor import Interceptor, passthrough

type ExportStatus = Literal["running", "done", "failed"]
_STATUS: Mapping[str, ExportStatus] = {"IN_PROGRESS": "running", "COMPLETED": "done"}


class Started(NamedTuple):
    """`at` is the instant of an export of all items."""

    arn: str
    at: datetime


class Exports:
    """`tables` are the tables' ARNs, by `core` and `usage`."""

    def __init__(
        self, client: Any, bucket: str, tables: Mapping[str, str], interceptor: Interceptor = passthrough
    ) -> None:
        self.tables = tables
        self._client = client
        self._bucket = bucket
        self._interceptor = interceptor

    def start(self, name: str, *, start: datetime | None, end: datetime | None, now: datetime, token: str) -> Started:
        """Start an export of the changes between two instants, or of all items; the same token starts it once."""
        if start is None or end is None:
            what: dict[str, Any] = {"ExportType": "FULL_EXPORT"}
            folder = f"{name}/full/{day_of(now)}"
        else:
            window = {"ExportFromTime": start, "ExportToTime": end, "ExportViewType": "NEW_AND_OLD_IMAGES"}
            what = {"ExportType": "INCREMENTAL_EXPORT", "IncrementalExportSpecification": window}
            folder = f"{name}/changes/{day_of(start)}"
        answer = self._interceptor(
            "export_table_to_point_in_time",
            lambda: self._client.export_table_to_point_in_time(
                TableArn=self.tables[name],
                S3Bucket=self._bucket,
                S3Prefix=folder,
                S3SseAlgorithm="AES256",
                ExportFormat="DYNAMODB_JSON",
                ClientToken=token,
                **what,
            ),
        )["ExportDescription"]
        return Started(answer["ExportArn"], answer.get("ExportTime") or answer["StartTime"])

    def status(self, arn: str) -> ExportStatus:
        """An export that AWS does not know any more has failed."""
        try:
            answer = self._interceptor("describe_export", lambda: self._client.describe_export(ExportArn=arn))
        except ClientError as error:
            if error.response["Error"]["Code"] == "ExportNotFoundException":
                return "failed"
            raise
        return _STATUS.get(answer["ExportDescription"]["ExportStatus"], "failed")
