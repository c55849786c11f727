"""What follows a deployment, through the tables and the API of the stack: the first catalog, and the smoke test."""

import time
from collections.abc import Callable, Mapping

from infra.bundle import ROOT
from tallybook.cli.catalog_file import read_catalog
from tallybook.cli.smoke.api import Api
from tallybook.cli.smoke.steps import smoke
from tallybook.runtime import connect
from tallybook.services.billing.apply_catalog import apply_first_catalog

EXAMPLE = "infra/catalog.toml"


def apply_example(outputs: Mapping[str, str]) -> bool:
    """Apply the example catalog if there is none; False if there is one, which stays."""
    ctx = connect(core_table=outputs["CoreTable"], usage_table=outputs["UsageTable"])
    return apply_first_catalog(ctx, read_catalog(ROOT / EXAMPLE)) is not None


def run_smoke(
    outputs: Mapping[str, str],
    *,
    url: str,
    report: Callable[[str, str], None],
    mail_may_wait: bool,
    clock_file: str | None = None,
) -> None:
    """The smoke test on these tables and the API at `url`. Stop with the step that failed, and why."""
    ctx = connect(core_table=outputs["CoreTable"], usage_table=outputs["UsageTable"], clock_file=clock_file)
    smoke(ctx, Api(url), report=report, pause=time.sleep, mail_may_wait=mail_may_wait)
