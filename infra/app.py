"""Synthesize a stage into `cdk.out/`: `STAGE=dev python -m infra.app`. It needs no CDK CLI."""

import os
import sys
from pathlib import Path

from infra.assembly import synthesize
from infra.local.origins import other_origins
from infra.stack import stack_name
from infra.stage import STAGES, local
from infra.stage_checks import WrongSettings, check_stage


def main() -> None:
    name = os.environ.get("STAGE") or "dev"
    stages = STAGES | {"local": local(int(os.environ.get("PORT") or 8000), other_origins())}
    if name not in stages:
        sys.exit(f"There is no stage {name!r} in infra/stage.py; the stages are {', '.join(stages)}")
    try:
        check_stage(stages[name])
    except WrongSettings as wrong:
        sys.exit(str(wrong))
    out = Path(os.environ.get("OUT") or "cdk.out")
    synthesize(stages[name], out, copy_assets=name != "local")
    print(f"Synthesized {name}: {out / stack_name(stages[name])}.template.json")


if __name__ == "__main__":
    main()
