"""Writes a stage's template and assets."""

import json
from pathlib import Path

from aws_cdk import App
from aws_cdk.cx_api import CloudAssembly

from infra.bundle import ROOT
from infra.nag import add_rules
from infra.stack import Tallybook
from infra.stage import Stage

_METADATA = {"aws:cdk:enable-asset-metadata": True, "aws:cdk:enable-path-metadata": True}


def synthesize(stage: Stage, out: Path, *, copy_assets: bool = True) -> CloudAssembly:
    """Write the stage's template and assets to `out`; raises if a rule of `nag.py` is broken.

    Without `copy_assets` the assembly refers to the folders in `build/` instead of containing copies.
    """
    context = json.loads((ROOT / "cdk.json").read_text())["context"]
    app = App(
        outdir=str(out),
        context={**context, **_METADATA, "aws:cdk:disable-asset-staging": not copy_assets},
        analytics_reporting=False,
    )
    add_rules(Tallybook(app, stage))
    return app.synth()
