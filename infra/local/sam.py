"""`make sam`: the API under SAM's `local start-api`, in containers, on the tables of the running bundle."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

from infra.assembly import synthesize
from infra.bundle import ROOT
from infra.local.callers import CONTAINERS_NAME
from infra.local.cloud import REGION
from infra.local.relay import relayed
from infra.local.state_dir import CannotStart, StateDir, make_private
from infra.local.variables import read_variables
from infra.stack import stack_name
from infra.stage import Stage, local
from tallybook.gateways.private_files import replace_private

SAM = ROOT / ".venv/sam/bin"

_FUNCTION = "AWS::Lambda::Function"


def main() -> None:
    state_dir = StateDir.from_environment()
    try:
        bundle = _running_bundle(state_dir)
        gateway = _gateway()
    except CannotStart as error:
        sys.exit(str(error))
    endpoint = urlsplit(bundle["AWS_ENDPOINT_URL"])
    folder = state_dir.folder / "sam"
    template, variables = prepare(folder, bundle, port=urlsplit(bundle["TALLYBOOK_URL"]).port or 80)
    with relayed(gateway, endpoint.port or 80) as needs_name:
        named = ["--add-host", f"{CONTAINERS_NAME}:{gateway}"] if needs_name else []
        command = [SAM / "sam", "local", "start-api", "--template", template, "--env-vars", variables]
        command += ["--region", REGION, "--port", os.environ.get("SAM_PORT") or "3000", "--warm-containers", "LAZY"]
        done = subprocess.run([*command, *named], env=environment(bundle, template), check=False)  # noqa: S603 our own SAM
        sys.exit(done.returncode)


def prepare(folder: Path, bundle: Mapping[str, str], *, port: int) -> tuple[Path, Path]:
    """Synthesize the stack into `folder`; returns the template, and the file with the variables of its functions.

    SAM sets only variables that the template has, and can't know the names of tables.
    """
    stage = _stage(port)
    synthesize(stage, folder, copy_assets=False)
    endpoint = f"http://{CONTAINERS_NAME}:{urlsplit(bundle['AWS_ENDPOINT_URL']).port}"
    values = {name: bundle[name] for name in ("CORE_TABLE", "USAGE_TABLE")} | {"AWS_ENDPOINT_URL": endpoint}
    template = folder / f"{stack_name(stage)}.template.json"
    content = json.loads(template.read_text())
    for resource in content["Resources"].values():
        if resource["Type"] == _FUNCTION:
            resource["Properties"]["Environment"]["Variables"]["AWS_ENDPOINT_URL"] = ""
    replace_private(template, json.dumps(content, indent=1).encode())
    variables = folder / "variables.json"
    replace_private(variables, json.dumps({"Parameters": values}).encode())
    make_private(folder)
    return template, variables


def environment(bundle: Mapping[str, str], template: Path) -> dict[str, str]:
    """SAM's environment. SAM passes its credentials to the functions, and its values of variables that they have."""
    functions = [one for one in json.loads(template.read_text())["Resources"].values() if one["Type"] == _FUNCTION]
    theirs = {name for function in functions for name in function["Properties"]["Environment"]["Variables"]}
    own = {name: value for name, value in os.environ.items() if not name.startswith("AWS_") and name not in theirs}
    credentials = {name: bundle[name] for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")}
    return own | credentials | {"AWS_DEFAULT_REGION": REGION, "SAM_CLI_TELEMETRY": "0"}


def _stage(port: int) -> Stage:
    """As the local stage, but its libraries are Lambda's, since they run in a container."""
    return replace(local(port), name="sam")


def _running_bundle(state_dir: StateDir) -> dict[str, str]:
    variables = read_variables(state_dir.env)
    endpoint = urlsplit(variables.get("AWS_ENDPOINT_URL", ""))
    try:
        socket.create_connection((endpoint.hostname or "", endpoint.port or 0), timeout=2).close()
    except OSError:
        raise CannotStart("make sam uses the tables of the running bundle: start it with make run") from None
    return variables


def _gateway() -> str:
    """Where containers reach this computer; CannotStart if there is no container engine."""
    command = [SAM / "python", ROOT / "infra/local/sam_engine.py"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 our own file
    if done.returncode:
        raise CannotStart(done.stderr.strip().splitlines()[-1])
    return done.stdout.strip()


if __name__ == "__main__":
    main()
