"""A fake of DynamoDB's exports behind the real gateway: each token starts one export, as in AWS."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tallybook.gateways.exports import Exports
from tallybook.gateways.interceptor import Interceptor, passthrough
from tests.support.clock import StillClock
from tests.support.cloud import NAMES
from tests.support.faults import client_error

TABLES = {name: f"arn:aws:dynamodb:eu-west-1:123456789012:table/{table}" for name, table in NAMES.items()}


@dataclass
class FakeExports:
    """`requests` by the ARN of their export; `status` is that of all exports."""

    clock: StillClock
    status: str = "COMPLETED"
    requests: dict[str, dict[str, Any]] = field(default_factory=dict)
    forgotten: bool = False

    def gateway(self, interceptor: Interceptor = passthrough) -> Exports:
        return Exports(self, "bucket", TABLES, interceptor)

    def windows(self, table: str) -> list[tuple[datetime, datetime] | None]:
        """The windows of the table's exports, in their order; None for an export of all items."""
        found = [request for request in self.requests.values() if request["TableArn"] == TABLES[table]]
        windows = [request.get("IncrementalExportSpecification") for request in found]
        return [window and (window["ExportFromTime"], window["ExportToTime"]) for window in windows]

    def export_table_to_point_in_time(self, **request: Any) -> dict[str, Any]:
        arn = f"{request['TableArn']}/export/{request['ClientToken']}"
        known = self.requests.setdefault(arn, request | {"at": self.clock.now()})
        assert {name: value for name, value in known.items() if name != "at"} == request
        return {"ExportDescription": {"ExportArn": arn, "ExportTime": known["at"], "StartTime": known["at"]}}

    def describe_export(self, **request: Any) -> dict[str, Any]:
        if self.forgotten:
            raise client_error("describe_export", "ExportNotFoundException")
        assert request["ExportArn"] in self.requests
        return {"ExportDescription": {"ExportStatus": self.status}}
