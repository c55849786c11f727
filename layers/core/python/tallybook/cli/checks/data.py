"""The tables, their format, the catalog and the archive."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from botocore.exceptions import ClientError

from tallybook.cli.aws import find_output, stack_output
from tallybook.cli.checks import Finding, Findings, Problem, Site, summed_up
from tallybook.domain.errors import NotFound
from tallybook.domain.formats import FormatRefused, check_writable
from tallybook.domain.times import stamp, stamp_or_none
from tallybook.services.releases.formats import find_formats
from tallybook.store import keys
from tallybook.store.archives import read_archive

_ARCHIVED_WITHIN = timedelta(days=2)
_DEPLOY = "deploy the stage again"


def check_tables(site: Site) -> Findings:
    for name, output in (("core", "CoreTable"), ("usage", "UsageTable")):
        yield _check_table(site, name, stack_output(output))


def check_format(site: Site) -> Findings:
    """This code can read and write what is stored."""
    formats = find_formats(site.ctx)
    problems = []
    try:
        check_writable(formats)
    except FormatRefused as refused:
        problems.append(Problem(refused.message, "see docs/releases.md"))
    yield summed_up("format", problems, fine=f"{', '.join(map(str, formats.stored))}, which this code reads")


def check_catalog(site: Site) -> Findings:
    try:
        number, applied_at, _ = site.ctx.catalogs.stored()
    except NotFound:
        yield Finding("catalog", "failed", "no catalog is applied", "tallybook catalog apply infra/catalog.toml")
    else:
        yield Finding("catalog", "ok", f"version {number} since {applied_at}")


def check_archive(site: Site) -> Findings:
    """All changes until two days ago are exported."""
    if find_output("ArchiveBucket") is None:
        yield Finding("archive", "not checked", "the stage has none")
        return
    for name, output in (("core", "CoreTable"), ("usage", "UsageTable")):
        until = read_archive(site.ctx.tables.get(keys.archive(stack_output(output)))).until
        problems = []
        if until is None:
            problems.append(Problem("no export has finished yet", "wait two hours after the deployment", "warning"))
        elif site.ctx.clock.now() - until > _ARCHIVED_WITHIN:
            problems.append(Problem(f"nothing since {stamp(until)}", "see the log of the function archive"))
        yield summed_up(f"archive of {name}", problems, fine=f"all changes until {stamp_or_none(until)}")


def _check_table(site: Site, name: str, table: str) -> Finding:
    check, dynamodb = f"table {name}", site.client("dynamodb")
    try:
        found = dynamodb.describe_table(TableName=table)["Table"]
    except ClientError as error:
        if error.response["Error"]["Code"] != "ResourceNotFoundException":
            raise
        return Finding(check, "failed", f"there is no table {table}", "restore it (docs/backup.md)")
    problems = [*_shape_problems(name, found)]
    if site.keeps:
        problems += _keeping_problems(dynamodb, table, found)
    if not site.emulated:
        problems += _expiry_problems(dynamodb, table)
    kept = "kept and restorable" if site.keeps else "not kept, as the stage says"
    return summed_up(check, problems, fine=f"{table} is active, {kept}")


def _shape_problems(name: str, found: Mapping[str, Any]) -> list[Problem]:
    problems = []
    if found["TableStatus"] not in ("ACTIVE", "UPDATING"):
        problems.append(Problem(f"it is {found['TableStatus']}", "wait, then check again"))
    if name == "core":
        if not found.get("StreamSpecification", {}).get("StreamEnabled"):
            problems.append(Problem("it has no stream, so that mails and events wait for the sweep", _DEPLOY))
        indexes = {
            index["IndexName"]: index.get("IndexStatus", "ACTIVE") for index in found.get("GlobalSecondaryIndexes", ())
        }
        if indexes.get("work") != "ACTIVE":
            problems.append(Problem("its index work is not active, so that no job finds its work", _DEPLOY))
    return problems


def _keeping_problems(dynamodb: Any, table: str, found: Mapping[str, Any]) -> list[Problem]:
    backups = dynamodb.describe_continuous_backups(TableName=table)["ContinuousBackupsDescription"]
    recovery = backups.get("PointInTimeRecoveryDescription", {}).get("PointInTimeRecoveryStatus")
    problems = []
    if recovery != "ENABLED":
        problems.append(Problem("point-in-time recovery is off", _DEPLOY))
    if not found.get("DeletionProtectionEnabled"):
        problems.append(Problem("it is not protected from deletion", _DEPLOY))
    return problems


def _expiry_problems(dynamodb: Any, table: str) -> list[Problem]:
    expiry = dynamodb.describe_time_to_live(TableName=table)["TimeToLiveDescription"]
    if expiry["TimeToLiveStatus"] in ("ENABLED", "ENABLING") and expiry.get("AttributeName") == "expires":
        return []
    return [Problem("old items are not deleted (TTL)", _DEPLOY, "warning")]
