"""The end of a cold start in Lambda: it checks the data's format, and keeps no connection in a snapshot."""

import gc
import logging
from collections.abc import Iterator
from typing import Any

import pytest

from tallybook import runtime
from tallybook.domain.formats import FormatRefused, Formats
from tallybook.store.formats import put_formats
from tests.support.app import App
from tests.support.cloud import NAMES


@pytest.fixture
def started(app: App, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The names of the calls to the client of a function that starts on the app's tables."""
    calls: list[str] = []

    class Client:
        def __getattr__(self, name: str) -> Any:
            calls.append(name)
            return getattr(app.client, name) if name != "close" else lambda: None

    import tallybook.http_errors  # noqa: F401 as in a function, whose log is set up before it starts

    product = logging.getLogger("tallybook")  # a start sets it up; the log guard needs it as it was
    monkeypatch.setattr(product, "handlers", product.handlers)
    monkeypatch.setattr(product, "propagate", product.propagate)
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "accounts")
    monkeypatch.setattr(runtime, "dynamodb", lambda *_: Client())
    ctx = runtime.connect(core_table=NAMES["core"], usage_table=NAMES["usage"])
    monkeypatch.setattr(runtime, "context", lambda: ctx)
    yield calls
    gc.unfreeze()


def test_a_start_reads_the_format_in_one_call(started: list[str]) -> None:
    runtime.prepare()
    assert started == ["get_item"]


def test_a_function_does_not_start_on_data_that_its_code_can_not_read(app: App, started: list[str]) -> None:
    app.ctx.tables.write(put_formats(Formats((99,))))
    with pytest.raises(FormatRefused, match="The data has format 99"):
        runtime.prepare()


def test_a_snapshot_keeps_no_connection(started: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_LAMBDA_INITIALIZATION_TYPE", "snap-start")
    runtime.prepare()
    assert started == ["get_item", "close"]


def test_outside_lambda_nothing_is_read(started: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_LAMBDA_FUNCTION_NAME")
    runtime.prepare()
    assert started == []
