"""The stages, and all settings that differ between them."""

import platform
from dataclasses import dataclass
from email.utils import parseaddr
from typing import Literal, NamedTuple

type Shift = Literal["all at once", "canary"]


class Throttle(NamedTuple):
    """Requests a second to one route, and how many may come at once, of all clients together."""

    rate: int
    burst: int


_EACH_ROUTE = Throttle(rate=1000, burst=2000)
_AUTH = Throttle(rate=100, burst=200)
_SIGN_IN = Throttle(rate=20, burst=40)


class Restored(NamedTuple):
    """The names of both tables, and the ARN of the stream of `core`."""

    core: str
    usage: str
    core_stream: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    name: str
    keep: bool
    """Keep the tables if the stack is deleted, refuse their deletion, and allow restoring any second of 35 days."""
    protect: bool = True
    """Protect what is kept from deletion. `make deploy` turns it off while it creates the stack, since a creation that
    fails is rolled back, and what refuses to be deleted would stay behind without a stack."""
    expire: bool
    """Let DynamoDB remove items by `expires`. Not locally: the emulator ignores the moved clock."""
    arm: bool = True
    usage_shards: int = 1
    """How many items share the writes of each counter of usage, in periods that open from now on. More let one account
    count more batches a second (docs/scale.md), and make each read of its usage read that many items."""
    snap_start: bool = False
    """Use SnapStart: faster cold starts, but AWS bills each published version."""
    shift: Shift | None = None
    """How a release shifts calls to the new versions, rolled back if an alarm rings: `canary` sends 10 % for 5 minutes.

    Without it the new versions replace the old ones at once, and nothing rolls back. Not locally: the emulated cloud
    has no CodeDeploy.
    """
    release_despite_alarms: bool = False
    """Release while an alarm rings, and don't roll back on one: for the release that mends its cause."""
    allowed_origins: tuple[str, ...] = ()
    """Web origins, like `https://app.example.com`, that may use the session cookie."""
    mail_from: str
    """Sender of mails, like `Tallybook <no-reply@example.com>`. SES needs the domain's keys in DNS before it sends."""
    ses_sandbox: bool = False
    """SES is in the sandbox: it sends to verified addresses only, and asks for the right to each of them."""
    brand: str = "Tallybook"
    """Product name in mails and on pages."""
    domain: str | None = None
    """Host name of the API, like `api.example.com`; the `execute-api` endpoint is closed then (docs/edge.md)."""
    certificate: str | None = None
    """ARN of the domain's certificate in ACM: in the stack's region, behind CloudFront in us-east-1."""
    cloudfront: bool = False
    """Answer at `domain` through CloudFront; limits then count the addresses that CloudFront saw."""
    web_acl: str | None = None
    """ARN of the web ACL (WAF) of CloudFront. It costs money each month, idle or not."""
    throttle: Throttle = _EACH_ROUTE
    auth_throttle: Throttle = _AUTH
    """Of the paths below `/auth`."""
    sign_in_throttle: Throttle = _SIGN_IN
    """Of registration, login and password reset each: passwords cost processor time."""
    page_url: str | None = None
    """Base of the links in mails and errors, like `https://api.example.com`; None for the API itself."""
    app_url: str | None = None
    """Where users go on after they set a password; None for the first of `allowed_origins`, if there is one."""
    alarm_email: str | None = None
    metering_concurrency: int | None = None
    """How many calls of `metering` run at once: reserved for it, and no more. None shares the account's executions.

    AWS refuses a reservation that leaves fewer than 100 to all other functions; a new account may have only 10 in all.
    """
    max_read_units: int | None = None
    """The most units a second of each table and index, above which DynamoDB throttles; None for no maximum."""
    max_write_units: int | None = None
    metric_math: bool = True
    """Have also the alarms on several metrics. Not locally: the emulated cloud has no expressions in alarms."""
    restored: Restored | None = None
    """Tables that `tallybook backup restore` made, which the stack uses instead of its own; those are left."""
    archive_days: int | None = None
    """Export all changes of the tables every day to a bucket, and keep them this long; None for no archive."""
    log_days: int = 30
    log_level: str = "INFO"

    @property
    def protected(self) -> bool:
        return self.keep and self.protect

    @property
    def mail_address(self) -> str:
        return parseaddr(self.mail_from)[1]

    @property
    def mail_domain(self) -> str:
        return self.mail_address.partition("@")[2]


STAGES = {
    "production": Stage(
        name="production",
        keep=True,
        expire=True,
        shift="canary",
        mail_from="Tallybook <no-reply@example.com>",
        archive_days=3660,  # ten years: the longest time for which tax law we know of asks for bills
    ),
    "dev": Stage(
        name="dev",
        keep=False,
        expire=True,
        shift="all at once",
        ses_sandbox=True,
        mail_from="Tallybook <no-reply@dev.example.com>",  # an AWS account can have a domain only once
        log_days=7,
    ),
}


def local(port: int, origins: tuple[str, ...] = ()) -> Stage:
    """The stage of this computer, at `http://localhost:<port>`; pages of the `origins` may call it too."""
    return Stage(
        name="local",
        keep=False,
        expire=False,
        arm=platform.machine().lower() in ("arm64", "aarch64"),
        allowed_origins=(f"http://localhost:{port}", *origins),
        mail_from="Tallybook <no-reply@example.com>",
        page_url=f"http://localhost:{port}",
        app_url=f"http://localhost:{port}/",
        log_days=1,
        metric_math=False,
    )
