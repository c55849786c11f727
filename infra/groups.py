"""The functions of the bundle: what invokes each, its size, and its exact permissions.

`name` is the folder in `functions/`; the handler is `<name>.app.handler`. The stack is built from this table, and tests
compare the table with the synthesized roles and with the calls that the code makes.
"""

from dataclasses import dataclass
from typing import Literal

from tallybook.domain.redelivery import RECEIVES

Action = Literal["BatchGetItem", "GetItem", "Query", "PutItem", "UpdateItem", "DeleteItem", "ConditionCheckItem"]

READ: tuple[Action, ...] = ("BatchGetItem", "GetItem")
WRITE: tuple[Action, ...] = ("PutItem", "UpdateItem")

PLATFORM_KEYS = "PLATFORM#*"
OPERATOR_ITEMS = ("PLATFORM", PLATFORM_KEYS, "CATALOG", "FORMAT")
"""Patterns of the partitions that only the operator writes: platform keys, their list, the catalog, the formats."""

LAST_USE = ("pk", "sk", "last_used_at")
"""The attributes of the request that notes when a platform key was used."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """One Lambda function. It serves its `paths` and all paths below them, with every HTTP method."""

    name: str
    paths: tuple[str, ...] = ()
    default: bool = False
    """Serves all paths that no other group lists, with a 404 in the dialect of the path."""
    queue: str | None = None
    """The queue that invokes it."""
    max_concurrency: int | None = None
    """How many messages' batches of its queue run at once, at most; None for as many as Lambda allows."""
    receives: int = 5
    """After so many receives, a message of its queue moves to the dead-letter queue."""
    sends: str | None = None
    """The queue that it sends messages to."""
    topic: str | None = None
    """The SNS topic that invokes it."""
    stream: Literal["outbox", "usage"] | None = None
    """The records in the stream of `core` that invoke it: new outbox items, or marks of unchecked usage."""
    every_minutes: int | None = None
    """How often a schedule invokes it, with `{"job": <name>}`."""
    core: tuple[Action, ...]
    """The DynamoDB actions it may use on the table `core`; `usage` likewise."""
    usage: tuple[Action, ...]
    work: bool = False
    """May query the index `work` of `core`, which lists what is due."""
    notes_key_use: bool = False
    """May set when a platform key was last used. No function may write anything else of OPERATOR_ITEMS."""
    mail: bool = False
    """May send mail, from the stage's address only. The outbox sends mail, so a function with `mail` has no paths."""
    archive: bool = False
    """May export both tables to the archive; only in stages that have one."""
    bus: bool = False
    """May put events on the stage's event bus."""
    memory: int = 512
    """MB."""
    timeout: int = 20
    """Seconds."""

    @property
    def asynchronous(self) -> bool:
        """Whether AWS invokes it without waiting for its answer."""
        return bool(self.every_minutes or self.topic)


GROUPS = (
    Group(
        name="identity",
        paths=("/auth", "/v1/user-management/api-keys", "/v1/user-management/users"),
        core=(*READ, "Query", *WRITE, "DeleteItem", "ConditionCheckItem"),
        usage=("PutItem",),  # sign-up opens the account's first period
        memory=1024,  # bcrypt needs CPU, and Lambda allots CPU by memory
    ),
    Group(
        name="accounts",
        paths=("/v1/user-management/plans", "/v1/user-management/account", "/v1/user-management/audit-log"),
        default=True,
        core=(*READ, "Query", *WRITE, "DeleteItem", "ConditionCheckItem"),
        usage=(*READ, "Query", *WRITE, "ConditionCheckItem"),  # a plan change closes a period
    ),
    Group(
        name="quotas",
        paths=("/v1/user-management/quota-allocations", "/v1/user-management/quota-requests", "/v1/usage"),
        core=(*READ, "Query", *WRITE, "DeleteItem", "ConditionCheckItem"),
        usage=("BatchGetItem",),
    ),
    Group(
        name="budgets",
        paths=("/v1/budgets",),
        core=(*READ, "Query", *WRITE, "DeleteItem", "ConditionCheckItem"),
        usage=("BatchGetItem",),
    ),
    Group(
        name="billing",
        paths=("/v1/billing",),
        core=(*READ, "Query", *WRITE, "ConditionCheckItem"),
        usage=(*READ, "Query", "PutItem", "ConditionCheckItem"),
    ),
    Group(
        name="metering",
        paths=("/v1/platform",),
        core=(*READ, *WRITE, "ConditionCheckItem"),
        usage=(*READ, *WRITE),
        notes_key_use=True,
        memory=1024,
        timeout=29,  # it answers within 20 s; API Gateway waits 30 s
    ),
    Group(
        name="usage_queue",
        queue="usage",
        max_concurrency=10,  # more workers on one account only refuse each other (tests/bench/contention.py)
        receives=RECEIVES,  # nothing but the queue holds its messages
        core=(*READ, *WRITE, "ConditionCheckItem"),
        usage=(*READ, *WRITE),
        memory=1024,
        timeout=60,
    ),
    Group(
        name="invoicing",
        queue="invoicing",
        max_concurrency=10,
        sends="invoicing",
        every_minutes=60,
        core=(*READ, *WRITE),
        usage=("BatchGetItem", "Query", *WRITE),
        work=True,
        timeout=120,
    ),
    Group(
        name="usage_check",
        queue="usage_check",
        max_concurrency=10,
        sends="usage_check",
        stream="usage",
        every_minutes=5,
        core=(*READ, "Query", *WRITE),
        usage=(*READ, *WRITE),
        work=True,
        timeout=120,
    ),
    Group(
        name="outbox",
        stream="outbox",
        every_minutes=5,
        core=(*READ, "Query", *WRITE, "ConditionCheckItem"),  # a link's token is stored when its mail is sent
        usage=(),
        work=True,
        mail=True,
        bus=True,
        timeout=120,
    ),
    Group(
        name="mail_feedback",
        topic="mail_feedback",
        core=("GetItem", *WRITE),
        usage=(),
    ),
    Group(
        name="archive",
        every_minutes=60,
        core=("GetItem", "UpdateItem"),
        usage=(),
        archive=True,
    ),
)

AWS_CLIENTS = ("dynamodb", "events", "sesv2", "sqs")
"""The AWS services that functions call; the layer of libraries leaves out all others."""


def group_of(path: str) -> str:
    """The name of the function that serves a path."""
    for group in GROUPS:
        if any(path == prefix or path.startswith(f"{prefix}/") for prefix in group.paths):
            return group.name
    return next(group.name for group in GROUPS if group.default)
