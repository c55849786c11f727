"""The stages, and all settings that differ between them."""

import platform
from dataclasses import dataclass
from email.utils import parseaddr
from typing import NamedTuple


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
    expire: bool
    """Let DynamoDB remove items by `expires`. Not locally: the emulator ignores the moved clock."""
    arm: bool = True
    snap_start: bool = False
    """Use SnapStart: faster cold starts, but AWS bills each published version."""
    allowed_origins: tuple[str, ...] = ()
    """Web origins, like `https://app.example.com`, that may use the session cookie."""
    mail_from: str
    """Sender of mails, like `Tallybook <no-reply@example.com>`. SES needs the domain's keys in DNS before it sends."""
    brand: str = "Tallybook"
    """Product name in mails and on pages."""
    page_url: str | None = None
    """Base of the links in mails and errors, like `https://api.example.com`; None for the API itself."""
    app_url: str | None = None
    """Where users go on after they set a password; None for the first of `allowed_origins`, if there is one."""
    alarm_email: str | None = None
    restored: Restored | None = None
    """Tables that `tallybook backup restore` made, which the stack uses instead of its own; those are left."""
    archive_days: int | None = None
    """Export all changes of the tables every day to a bucket, and keep them this long; None for no archive."""
    log_days: int = 30
    log_level: str = "INFO"

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
        mail_from="Tallybook <no-reply@example.com>",
        archive_days=3660,  # ten years: the longest time for which tax law we know of asks for bills
    ),
    "staging": Stage(
        name="staging",
        keep=False,
        expire=True,
        mail_from="Tallybook <no-reply@staging.example.com>",  # an AWS account can have a domain only once
        log_days=7,
    ),
}


def local(port: int) -> Stage:
    """The stage of this computer, at `http://localhost:<port>`."""
    return Stage(
        name="local",
        keep=False,
        expire=False,
        arm=platform.machine().lower() in ("arm64", "aarch64"),
        allowed_origins=(f"http://localhost:{port}",),
        mail_from="Tallybook <no-reply@example.com>",
        page_url=f"http://localhost:{port}",
        app_url=f"http://localhost:{port}/",
        log_days=1,
    )
