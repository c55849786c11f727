"""The composition root: settings from the environment, and one client and context for each process."""

import gc
import logging
import os
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from tallybook.gateways.clock import Clock
from tallybook.gateways.interceptor import Interceptor, passthrough
from tallybook.gateways.queue import Queue
from tallybook.services.context import Context
from tallybook.services.releases.start import check_start
from tallybook.store.catalogs import Catalogs
from tallybook.store.keys import TableName
from tallybook.store.table import Tables

_CONFIG = Config(
    connect_timeout=2,
    read_timeout=2,
    retries={"total_max_attempts": 1},  # the store retries, because it knows which calls may be repeated
    max_pool_connections=16,
    tcp_keepalive=True,
)

_RESERVED_SECONDS = 15.0


def dynamodb(endpoint_url: str | None = None) -> Any:
    """A DynamoDB client; endpoint and region default to the environment's."""
    return boto3.session.Session().client("dynamodb", endpoint_url=endpoint_url, config=_CONFIG)


def connect(
    *,
    core_table: str,
    usage_table: str,
    endpoint_url: str | None = None,
    clock_file: str | None = None,
    usage_shards: int = 1,
    interceptor: Interceptor = passthrough,
) -> Context:
    """A context with these tables; its clock can be moved by `clock_file`, if there is one."""
    names: Mapping[TableName, str] = {"core": core_table, "usage": usage_table}
    tables = Tables(dynamodb(endpoint_url), names, interceptor=interceptor)
    clock = Clock(Path(clock_file) if clock_file else None)
    return Context(tables=tables, catalogs=Catalogs(tables), clock=clock, usage_shards=usage_shards)


@cache
def context() -> Context:
    """The context of this process, built from the environment on first use."""
    return connect(
        core_table=os.environ["CORE_TABLE"],
        usage_table=os.environ["USAGE_TABLE"],
        clock_file=os.environ.get("TALLYBOOK_CLOCK_FILE"),
        usage_shards=int(os.environ["USAGE_SHARDS"]),
    )


@cache
def queue() -> Queue:
    """The queue that this function sends its due tasks to. Created on first use, because most calls only receive."""
    return Queue(boto3.session.Session().client("sqs", config=_CONFIG), os.environ["QUEUE_URL"])


def seconds_left(context: Any) -> float:
    """The seconds left in this call for new work. The last 15 s are reserved to finish."""
    return float(context.get_remaining_time_in_millis() / 1000 - _RESERVED_SECONDS)


def prepare() -> None:
    """Finish a cold start in Lambda: set up logging, create the client, check the data's format by the connection's
    first call, and exempt all imported objects from garbage collection.

    FormatRefused. A snapshot of SnapStart keeps no connection, because it is restored later and elsewhere.
    """
    if "AWS_LAMBDA_FUNCTION_NAME" in os.environ:
        _log_as_the_function()
        check_start(context())
        if os.environ.get("AWS_LAMBDA_INITIALIZATION_TYPE") == "snap-start":
            context().tables.disconnect()
        gc.freeze()
        gc.enable()


def _log_as_the_function() -> None:
    """Log what modules of the product log as the function's own lines: as JSON, with its name and the request's id.

    Lambda's handler would print plain text. And Powertools lets it drop each line of a module whose name contains the
    function's: `outbox` lost the errors of `services.outbox`.
    """
    product = logging.getLogger("tallybook")
    product.handlers = logging.getLogger(os.environ["POWERTOOLS_SERVICE_NAME"]).handlers
    product.propagate = False


@cache
def allowed_origins() -> frozenset[str]:
    """The web origins that may use the session cookie."""
    return frozenset(origin.strip() for origin in os.environ.get("ALLOWED_ORIGINS", "").split(",") if origin.strip())


@cache
def page_url() -> str:
    """Where our own pages are, like `https://api.example.com`; empty if unknown."""
    return os.environ.get("PAGE_URL", "").rstrip("/")


@cache
def brand() -> str:
    """The product's name."""
    return os.environ.get("BRAND", "Tallybook")


@cache
def app_url() -> str:
    """Where users go on after they set a password, like `https://app.example.com`; empty if unknown."""
    return os.environ.get("APP_URL", "")


@cache
def edge_secret() -> str:
    """What CloudFront sends with each request; empty on a stage that is not behind it."""
    return os.environ.get("EDGE_SECRET", "")
