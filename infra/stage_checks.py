"""Checks a stage's settings before anything is built from them: pure, so that each rule is a line of a test."""

import re
from collections.abc import Iterator
from email.utils import getaddresses
from urllib.parse import urlsplit

from infra.edge.settings import edge_mistakes
from infra.stage import Stage

LOG_DAYS = (1, 7, 30, 90, 365)
LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")
IN_GLACIER_AFTER = 90
"""Days until the archive's files move to Glacier. S3 refuses a rule that deletes them before, or on that day."""

_LEAST = {
    "usage_shards": 1,
    "metering_concurrency": 1,
    "max_read_units": 1,
    "max_write_units": 1,
    "archive_days": IN_GLACIER_AFTER + 1,
}

_RESERVED = re.compile(r"(?:^|\.)(?:example\.(?:com|net|org)|example|test|invalid|localhost)$")
"""Domains that nobody can own. Source: RFC 2606, RFC 6761."""

_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_DOMAIN = re.compile(rf"(?:{_LABEL}\.)+{_LABEL}", re.IGNORECASE)
_ADDRESS = re.compile(rf"[A-Za-z0-9.!#$%&'*+/=?^_`{{|}}~-]{{1,64}}@{_DOMAIN.pattern}", re.IGNORECASE)
_NAME = re.compile(r"[a-z][a-z0-9-]{0,19}")
_LOOPBACK = ("localhost", "127.0.0.1", "[::1]")


class WrongSettings(Exception):
    """The stage can't be built; the message has one line for each problem."""


def check_stage(stage: Stage) -> None:
    """WrongSettings if there is a problem."""
    if problems := find_problems(stage):
        raise WrongSettings("\n".join([*problems, "The settings are in infra/stage.py"]))


def find_problems(stage: Stage) -> list[str]:
    """One line for each wrong setting, with the stage, the field and what to do: `dev: brand is empty: …`."""
    return [f"{stage.name}: {problem}" for problem in _problems(stage)]


def is_reserved(domain: str) -> bool:
    """Whether nobody can own the domain, so that no mail can be sent from it."""
    return bool(_RESERVED.search(domain.lower()))


def _problems(stage: Stage) -> Iterator[str]:
    if not _NAME.fullmatch(stage.name):
        yield "name is no name of a stack: use lower-case letters, digits and hyphens"
    yield from _sender(stage)
    yield from _alarms(stage)
    yield from edge_mistakes(stage)
    yield from _origins(stage.allowed_origins)
    if stage.page_url is not None and not _is_origin(stage.page_url):
        yield f"page_url is {stage.page_url!r}: use an https address without a path, or None for the API's own"
    if stage.app_url is not None and not _is_url(stage.app_url):
        yield f"app_url is {stage.app_url!r}: use an https address, or None for the first of allowed_origins"
    if not stage.brand.strip() or not stage.brand.isprintable():
        yield f"brand is {stage.brand!r}: set the product's name, in one line"
    yield from _amounts(stage)
    if stage.log_days not in LOG_DAYS:
        yield f"log_days is {stage.log_days}: use one of {', '.join(map(str, LOG_DAYS))}"
    if stage.log_level not in LOG_LEVELS:
        yield f"log_level is {stage.log_level!r}: use one of {', '.join(LOG_LEVELS)}"


def _sender(stage: Stage) -> Iterator[str]:
    sender = stage.mail_from
    addresses = getaddresses([sender], strict=True)
    if not sender.isprintable() or len(addresses) != 1 or not _ADDRESS.fullmatch(addresses[0][1]):
        yield f"mail_from is {sender!r}: use one address, like Tallybook <no-reply@mail.your-company.com>"
    elif stage.keep and is_reserved(stage.mail_domain):
        yield f"mail_from is at {stage.mail_domain}, which nobody owns: set an address at a domain of yours"


def _alarms(stage: Stage) -> Iterator[str]:
    email = stage.alarm_email
    if email is None:
        if stage.keep:
            yield "alarm_email is missing: set the address that gets the alarms"
    elif not _ADDRESS.fullmatch(email):
        yield f"alarm_email is {email!r}: use one address without a name, like ops@your-company.com"
    elif stage.keep and is_reserved(domain := email.partition("@")[2]):
        yield f"alarm_email is at {domain}, which nobody owns: set the address that gets the alarms"


def _amounts(stage: Stage) -> Iterator[str]:
    for name, least in _LEAST.items():
        value = getattr(stage, name)
        if value is not None and value < least:
            yield f"{name} is {value}: use {least} or more"
    if stage.archive_days and not stage.keep:
        yield f"archive_days is {stage.archive_days}: use it with keep only, since exports need continuous backups"


def _origins(origins: object) -> Iterator[str]:
    if not isinstance(origins, tuple):
        yield f"allowed_origins is {origins!r}: use a tuple, like ('https://app.your-company.com',)"
        return
    for origin in origins:
        if not _is_origin(origin):
            yield f"allowed_origins has {origin!r}: use an origin as browsers send it, like https://app.your-company.com"
    if len(set(origins)) != len(origins):
        yield "allowed_origins has an origin twice: leave one out"


def _is_origin(text: str) -> bool:
    """Scheme, host and perhaps a port, in lower case; plain http for this computer only."""
    return _is_url(text) and text == text.lower() and text.count("/") == 2 and not set("?#@") & set(text)


def _is_url(text: str) -> bool:
    try:
        parts = urlsplit(text)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return False
    if not text.isprintable() or any(char.isspace() for char in text) or port == 0:
        return False
    is_here = parts.netloc.partition(":")[0] in _LOOPBACK or parts.netloc.startswith("[::1]")
    return (parts.scheme == "https" and bool(_DOMAIN.fullmatch(host))) or (parts.scheme == "http" and is_here)
