"""What differs between stages, and nothing else does."""

import platform
from dataclasses import dataclass
from email.utils import parseaddr


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    name: str
    keep: bool
    """Tables outlive the stack, refuse deletion, and can be restored to any second of the last 35 days."""
    expire: bool
    """Items with a past `expires` are removed. Not locally: the clock there can be moved, the emulator's can't."""
    arm: bool = True
    snap_start: bool = False
    """Faster cold starts. Each published version is billed while it lives."""
    allowed_origins: tuple[str, ...] = ()
    """Web pages, like `https://app.example.com`, that may call with the session cookie."""
    mail_from: str
    """Who mails are from, like `Tallybook <no-reply@example.com>`; SES sends none until DNS has the domain's keys."""
    brand: str = "Tallybook"
    """The name that mails speak in."""
    page_url: str | None = None
    """Where links in mails lead, like `https://app.example.com`; None is the API itself."""
    alarm_email: str | None = None
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
    ),
    "staging": Stage(
        name="staging",
        keep=False,
        expire=True,
        mail_from="Tallybook <no-reply@staging.example.com>",  # a domain of its own: an account knows each only once
        log_days=7,
    ),
}


def local(port: int) -> Stage:
    """The stage of this computer, whose one address is `http://localhost:<port>`."""
    return Stage(
        name="local",
        keep=False,
        expire=False,
        arm=platform.machine().lower() in ("arm64", "aarch64"),
        allowed_origins=(f"http://localhost:{port}",),
        mail_from="Tallybook <no-reply@example.com>",
        page_url=f"http://localhost:{port}",
        log_days=1,
    )
