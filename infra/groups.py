"""What runs: what calls each function, its size, and exactly what it may do to each table and outside.

A row's name is its folder in `functions/`; its handler is `<name>.app.handler`. The stack is made from these rows,
and tests hold it to them: a right that stands in no row exists nowhere.
"""

from dataclasses import dataclass
from typing import Literal

Action = Literal["BatchGetItem", "GetItem", "Query", "PutItem", "UpdateItem", "DeleteItem", "ConditionCheckItem"]

READ: tuple[Action, ...] = ("BatchGetItem", "GetItem")
WRITE: tuple[Action, ...] = ("PutItem", "UpdateItem")


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """One function. A path stands for itself and all below it, with every method."""

    name: str
    paths: tuple[str, ...] = ()
    default: bool = False
    """Whether it answers every path that no group has, with a 404 in that path's dialect."""
    queue: str | None = None
    """The queue whose messages it works on."""
    sends: str | None = None
    """The queue that it puts messages on."""
    topic: str | None = None
    """The topic whose every notification calls it."""
    stream: Literal["outbox", "usage"] | None = None
    """What calls it the moment it is stored in `core`: each outbox item that appears, or each mark of unseen usage."""
    every_minutes: int | None = None
    """How often it is called with `{"job": <its name>}`."""
    core: tuple[Action, ...]
    usage: tuple[Action, ...]
    work: bool = False
    """Whether it may ask the index `work` of `core` what is due."""
    mail: bool = False
    """Whether it may send mails, from the stage's one address. Mails leave by the outbox: such a row has no paths."""
    bus: bool = False
    """Whether it may put events onto the stage's bus."""
    memory: int = 512
    timeout: int = 20


GROUPS = (
    Group(
        name="identity",
        paths=("/auth", "/v1/user-management/api-keys", "/v1/user-management/users"),
        core=(*READ, "Query", *WRITE, "DeleteItem", "ConditionCheckItem"),
        usage=("PutItem",),  # registration opens the account's first period
        memory=1024,  # bcrypt is as fast as the share of a processor that memory buys
    ),
    Group(
        name="accounts",
        paths=("/v1/user-management/plans", "/v1/user-management/account", "/v1/user-management/audit-log"),
        default=True,
        core=(*READ, "Query", *WRITE, "DeleteItem", "ConditionCheckItem"),
        usage=(*READ, "Query", *WRITE, "ConditionCheckItem"),  # a change of plan closes a period
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
        memory=1024,
        timeout=29,  # it answers within 20 s; API Gateway hangs up at 30
    ),
    Group(
        name="usage_queue",
        queue="usage",
        core=(*READ, *WRITE, "ConditionCheckItem"),
        usage=(*READ, *WRITE),
        memory=1024,
        timeout=60,
    ),
    Group(
        name="invoicing",
        queue="invoicing",
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
        core=(*READ, *WRITE, "ConditionCheckItem"),  # a link's token is stored only while it may be sent
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
)

AWS_CLIENTS = ("dynamodb", "events", "sesv2", "sqs")
"""The services that functions call; the layer carries no other service's description."""


def group_of(path: str) -> str:
    """The name of the function that answers a path."""
    for group in GROUPS:
        if any(path == own or path.startswith(f"{own}/") for own in group.paths):
            return group.name
    return next(group.name for group in GROUPS if group.default)
