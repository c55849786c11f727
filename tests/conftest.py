"""The fixtures of all tests: an app on moto, and one on an emulator that many threads may use at once.

The plugin `log_guard` fails a test during which a secret is logged; `scheduling` shares one local bundle;
`collection` keeps the garbage collector away while pytest collects the tests.
"""

import os
import time
from collections.abc import Iterator
from typing import Any

import pytest

import tests.environment  # noqa: F401 first, before anything reads a variable
from tests.support.aws_models import share_aws_models
from tests.support.moto_patches import patch_moto
from tests.support.snapshot import Snapshot, restore_snapshot, take_snapshot

share_aws_models()

pytest_plugins = ["tests.support.collection", "tests.support.log_guard", "tests.support.scheduling"]


@pytest.fixture(scope="session")
def _moto() -> Iterator[Any]:
    from moto import mock_aws

    from tallybook.runtime import dynamodb

    with mock_aws():
        client = dynamodb()
        patch_moto(client)
        yield client


@pytest.fixture(scope="session")
def _fresh_tables(_moto: Any) -> Snapshot:
    from moto.dynamodb import dynamodb_backends

    from tests.support.cloud import create_tables

    dynamodb_backends["123456789012"]["eu-west-1"].reset()
    create_tables(_moto)
    return take_snapshot()


@pytest.fixture
def client(_moto: Any, _fresh_tables: Snapshot) -> Any:
    """A DynamoDB client on fresh tables."""
    restore_snapshot(_fresh_tables)
    return _moto


@pytest.fixture
def empty_app(client: Any) -> Any:
    """An app with empty tables."""
    from tests.support.app import App
    from tests.support.cloud import make_context

    return App(make_context(client), client)


@pytest.fixture(scope="session")
def _priced_tables(_moto: Any, _fresh_tables: Snapshot) -> Snapshot:
    from tests.support.app import App
    from tests.support.cloud import make_context

    restore_snapshot(_fresh_tables)
    App(make_context(_moto), _moto).apply_catalog()
    return take_snapshot()


@pytest.fixture
def app(empty_app: Any, _priced_tables: Snapshot, monkeypatch: pytest.MonkeyPatch) -> Any:
    """An app with a catalog, which it has read; the real handlers use it."""
    from tallybook import runtime

    restore_snapshot(_priced_tables)
    empty_app.ctx.catalogs.current()
    monkeypatch.setattr(runtime, "context", lambda: empty_app.ctx)
    return empty_app


@pytest.fixture
def fake_aws(app: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The fake that the functions send mails, events and queue messages to."""
    from tallybook import delivery, runtime

    monkeypatch.setattr(delivery, "channels", app.fake_aws.channels)
    monkeypatch.setattr(runtime, "queue", app.fake_aws.queue)
    return app.fake_aws


@pytest.fixture(scope="session")
def _emulator() -> Iterator[Any]:
    from infra.local.cloud import Credentials, ministack
    from tallybook.runtime import dynamodb

    with ministack(credentials=Credentials.read(os.environ)) as cloud:
        yield cloud, dynamodb(cloud.endpoint)


@pytest.fixture
def crowded_app(_emulator: Any) -> Any:
    """An app on the emulator, which is exact under threads; a fifth of its writes conflict, 2 % of answers get lost."""
    from tests.support.app import App
    from tests.support.cloud import create_tables, make_context
    from tests.support.faults import Faults

    cloud, client = _emulator
    cloud.reset()
    create_tables(client)
    faults = Faults(conflicts=0.2, lost=0.02, seed=7)
    app = App(make_context(client, interceptor=faults, workers=8, pause=time.sleep), client)
    app.apply_catalog()
    return app
