"""The archive's function does a step for each table, whatever the other one does, and reports each failure."""

from collections.abc import Callable
from typing import Any

import pytest

from tallybook import archiving
from tests.support.app import App
from tests.support.call import LambdaContext
from tests.support.fake_exports import TABLES, FakeExports
from tests.support.faults import client_error


def test_a_table_that_can_not_be_exported_does_not_keep_the_other_from_it(
    app: App, monkeypatch: pytest.MonkeyPatch, logged: Callable[[], str]
) -> None:
    from archive.app import ExportFailed, handler

    exports = FakeExports(app.clock)
    export = exports.export_table_to_point_in_time

    def refuse_core(**request: Any) -> dict[str, Any]:
        if request["TableArn"] == TABLES["core"]:
            raise client_error("export_table_to_point_in_time", "InvalidExportTimeException")
        return export(**request)

    monkeypatch.setattr(exports, "export_table_to_point_in_time", refuse_core)
    monkeypatch.setattr(archiving, "exports", exports.gateway)
    with pytest.raises(ExportFailed, match=r"^core$"):
        handler({"job": "archive"}, LambdaContext())
    assert exports.windows("usage") == [None]
    assert "InvalidExportTimeException" in logged()
