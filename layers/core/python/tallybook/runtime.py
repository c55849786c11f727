"""The composition root: settings from the environment, one client, one context for the life of the process."""

import gc
import os
from functools import cache
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from tallybook.gateways.clock import Clock
from tallybook.gateways.queue import Queue
from tallybook.services.context import Context
from tallybook.store.catalogs import Catalogs
from tallybook.store.table import Tables

_CONFIG = Config(
    connect_timeout=2,
    read_timeout=2,
    retries={"total_max_attempts": 1},  # the store tries again itself, knowing what may be repeated
    max_pool_connections=16,
    tcp_keepalive=True,
)

_TO_END_SECONDS = 15.0


def dynamodb(endpoint_url: str | None = None) -> Any:
    """A low-level client; the endpoint and region come from the environment unless given."""
    return boto3.session.Session().client("dynamodb", endpoint_url=endpoint_url, config=_CONFIG)


def connect(
    *, core_table: str, usage_table: str, endpoint_url: str | None = None, clock_file: str | None = None
) -> Context:
    """A context on these tables."""
    tables = Tables(dynamodb(endpoint_url), {"core": core_table, "usage": usage_table})
    clock = Clock(Path(clock_file) if clock_file else None)
    return Context(tables=tables, catalogs=Catalogs(tables), clock=clock)


@cache
def context() -> Context:
    """The context of this process, from its environment."""
    return connect(
        core_table=os.environ["CORE_TABLE"],
        usage_table=os.environ["USAGE_TABLE"],
        clock_file=os.environ.get("TALLYBOOK_CLOCK_FILE"),
    )


@cache
def queue() -> Queue:
    """The queue that this function puts its own work on. Most calls only take from it, so it is made when asked for."""
    return Queue(boto3.session.Session().client("sqs", config=_CONFIG), os.environ["QUEUE_URL"])


def seconds_left(context: Any) -> float:
    """For so long this call may begin something more: what is under way when time runs out has a while to end."""
    return float(context.get_remaining_time_in_millis() / 1000 - _TO_END_SECONDS)


def prepare() -> None:
    """The end of a function's start: in Lambda the client is made now, and the collector never walks what stays."""
    if "AWS_LAMBDA_FUNCTION_NAME" in os.environ:
        context()
        gc.freeze()
        gc.enable()


@cache
def allowed_origins() -> frozenset[str]:
    """The web origins that may use the session cookie."""
    return frozenset(origin.strip() for origin in os.environ.get("ALLOWED_ORIGINS", "").split(",") if origin.strip())
