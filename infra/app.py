"""Synthesize a stage into `cdk.out/`: `STAGE=production python -m infra.app`. It needs no CDK CLI."""

import json
import os
import sys
from pathlib import Path

from aws_cdk import App
from aws_cdk.cx_api import CloudAssembly

from infra.bundle import ROOT
from infra.edge_settings import edge_mistakes
from infra.local.origins import other_origins
from infra.nag import add_rules
from infra.stack import Tallybook, stack_name
from infra.stage import STAGES, Stage, local

_METADATA = {"aws:cdk:enable-asset-metadata": True, "aws:cdk:enable-path-metadata": True}


def synthesize(stage: Stage, out: Path, *, copy_assets: bool = True) -> CloudAssembly:
    """Write the stage's template and assets to `out`; raises if a rule of `nag.py` is broken.

    Without `copy_assets` the assembly refers to the folders in `build/` instead of containing copies.
    """
    if mistakes := edge_mistakes(stage):
        raise ValueError(f"Stage {stage.name} in infra/stage.py: {'; '.join(mistakes)}")
    context = json.loads((ROOT / "cdk.json").read_text())["context"]
    app = App(
        outdir=str(out),
        context={**context, **_METADATA, "aws:cdk:disable-asset-staging": not copy_assets},
        analytics_reporting=False,
    )
    add_rules(Tallybook(app, stage))
    return app.synth()


def main() -> None:
    name = os.environ.get("STAGE") or "production"
    stages = STAGES | {"local": local(int(os.environ.get("PORT") or 8000), other_origins())}
    if name not in stages:
        sys.exit(f"There is no stage {name!r} in infra/stage.py; the stages are {', '.join(stages)}")
    out = Path(os.environ.get("OUT") or "cdk.out")
    synthesize(stages[name], out, copy_assets=name != "local")
    print(f"Synthesized {name}: {out / stack_name(stages[name])}.template.json")


if __name__ == "__main__":
    main()
