"""Restores a table to a second of its continuous backups, as a new table with the settings of the old one.

Source: DynamoDB, "RestoreTableToPointInTime": a restored table has the items and the indexes, but no stream, TTL,
point-in-time recovery, deletion protection or tags.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from botocore.exceptions import ClientError


class Window(NamedTuple):
    """The first and the last second that can be restored."""

    earliest: datetime
    latest: datetime


class Backups:
    """`wait` is called between two looks at a table that AWS is changing."""

    def __init__(self, client: Any, wait: Callable[[], None]) -> None:
        self._client = client
        self._wait = wait

    def window(self, table: str) -> Window | None:
        """None if the table has no continuous backups."""
        answer = self._client.describe_continuous_backups(TableName=table)["ContinuousBackupsDescription"]
        found = answer.get("PointInTimeRecoveryDescription", {})
        if found.get("PointInTimeRecoveryStatus") != "ENABLED":
            return None
        return Window(found["EarliestRestorableDateTime"], found["LatestRestorableDateTime"])

    def start(self, source: str, target: str, at: datetime) -> None:
        """Begin to restore `source` as the table `target`, unless that was begun before."""
        if self._table(target) is None:
            self._client.restore_table_to_point_in_time(
                SourceTableName=source, TargetTableName=target, RestoreDateTime=at
            )

    def await_active(self, table: str) -> Mapping[str, Any]:
        """The table, once AWS has finished with it."""
        while (found := self._table(table)) is None or found["TableStatus"] != "ACTIVE":
            self._wait()
        return found

    def copy_settings(self, source: str, target: str) -> str | None:
        """Give the target what a restore leaves out; return the ARN of its stream, if the source has one.

        What it has already is left as it is, so it may be repeated.
        """
        old, new = self.await_active(source), self.await_active(target)
        stream = old.get("StreamSpecification")
        if stream and not new.get("StreamSpecification", {}).get("StreamEnabled"):
            self._update(target, StreamSpecification=stream)
        if (most := old.get("OnDemandThroughput")) and most != new.get("OnDemandThroughput"):
            self._update(target, OnDemandThroughput=most)
        self._copy_expiry(source, target)
        if self.window(source) and not self.window(target):
            recovery = {"PointInTimeRecoveryEnabled": True}
            self._client.update_continuous_backups(TableName=target, PointInTimeRecoverySpecification=recovery)
        if old.get("DeletionProtectionEnabled") and not new.get("DeletionProtectionEnabled"):
            self._update(target, DeletionProtectionEnabled=True)
        self._copy_tags(old["TableArn"], new["TableArn"])
        found: str | None = self.await_active(target).get("LatestStreamArn") if stream else None
        return found

    def _copy_expiry(self, source: str, target: str) -> None:
        old, new = (self._client.describe_time_to_live(TableName=table) for table in (source, target))
        attribute = old["TimeToLiveDescription"].get("AttributeName")
        if attribute and not new["TimeToLiveDescription"].get("AttributeName"):
            expiry = {"Enabled": True, "AttributeName": attribute}
            self._client.update_time_to_live(TableName=target, TimeToLiveSpecification=expiry)

    def _copy_tags(self, source: str, target: str) -> None:
        """All but those that AWS reserves."""
        tags = self._client.list_tags_of_resource(ResourceArn=source).get("Tags", ())
        if own := [tag for tag in tags if not tag["Key"].startswith("aws:")]:
            self._client.tag_resource(ResourceArn=target, Tags=own)

    def _update(self, table: str, **change: Any) -> None:
        """AWS makes one change of a table at a time."""
        self._client.update_table(TableName=table, **change)
        self.await_active(table)

    def _table(self, name: str) -> Mapping[str, Any] | None:
        try:
            found: Mapping[str, Any] = self._client.describe_table(TableName=name)["Table"]
        except ClientError as error:
            if error.response["Error"]["Code"] == "ResourceNotFoundException":
                return None
            raise
        return found
