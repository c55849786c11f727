"""Runs the bundle for a `with` block: starts the cloud, deploys, seeds an account; saves the state at the end."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from infra.bundle import ROOT
from infra.local.cloud import Cloud, Credentials, free_port, ministack
from infra.local.deploy import Deployed, DeployFailed, deploy, deployed
from infra.local.formats import check_data, migrate_data
from infra.local.inputs import digest_of_inputs
from infra.local.jobs import invoke
from infra.local.origins import other_origins
from infra.local.proxy import Proxy
from infra.local.seed import EMAIL, PASSWORD, apply_local_catalog, seed
from infra.local.state import forget_stream_positions
from infra.local.state_dir import StateDir, exclusive, make_private
from infra.local.variables import read_variables, write_variables
from infra.stage import Stage, local
from tallybook.runtime import connect
from tallybook.services.context import Context

STACK = "tallybook-local"


@dataclass(frozen=True, slots=True)
class Running:
    """The shell variables, their file, the log, and how many seconds the start took."""

    variables: Mapping[str, str]
    env_file: Path
    log: Path
    seconds: float


@contextmanager
def running(state_dir: StateDir, port: int) -> Iterator[Running]:
    """Take the lock and the port first, so that the start fails at once if one is in use."""
    began = time.monotonic()
    stage = local(port, other_origins())
    clock = {"TALLYBOOK_CLOCK_FILE": str(state_dir.clock)}
    with exclusive(state_dir) as lock, Proxy(port) as proxy:
        state_dir.check_format()
        make_private(state_dir.folder)  # older bundles left it readable
        saved = read_variables(state_dir.env)
        credentials = Credentials.read(saved) or Credentials.random()
        forget_stream_positions(state_dir.state)
        _print_step("Starting the emulated cloud")
        cloud_port = free_port(prefer=urlsplit(saved.get("AWS_ENDPOINT_URL", "")).port)
        with ministack(state_dir.state, credentials=credentials, port=cloud_port, env=clock, pass_fds=[lock]) as cloud:
            common = {
                "TALLYBOOK_URL": f"http://localhost:{port}",
                "TALLYBOOK_STACK": STACK,
                "AWS_ENDPOINT_URL": cloud.endpoint,
                **credentials.variables,
                **clock,
            }
            before = deployed(cloud, STACK)
            if before is not None:
                check_data(_operator_context(common | _tables(before), credentials), before)
            stack = _deploy_if_changed(before, state_dir, cloud, stage, port)
            connection = common | _tables(stack)
            ctx = _operator_context(connection, credentials)
            migrate_data(ctx, step=_print_step)
            if before is not stack:
                apply_local_catalog(ctx)
            known = saved if before is not None else {}
            api_id = stack.outputs["ApiId"]
            variables = _seed_once(ctx, cloud, connection, known, api_id=api_id) | connection
            write_variables(state_dir.env, variables)
            # delivers the items that the last stop left
            invoke(cloud, stack.outputs["OutboxFunction"], {"job": "outbox"})
            proxy.serve(cloud, api_id, origins=stage.allowed_origins)
            yield Running(variables, state_dir.env, state_dir.state / "ministack.log", time.monotonic() - began)


def _tables(stack: Deployed) -> dict[str, str]:
    return {"CORE_TABLE": stack.outputs["CoreTable"], "USAGE_TABLE": stack.outputs["UsageTable"]}


def _deploy_if_changed(before: Deployed | None, state_dir: StateDir, cloud: Cloud, stage: Stage, port: int) -> Deployed:
    inputs = digest_of_inputs(stage)
    if before is not None and before.inputs == inputs:
        return before
    _print_step("Synthesizing the stack")
    settings = os.environ | {"STAGE": "local", "PORT": str(port), "OUT": str(state_dir.assembly)}
    command = [sys.executable, "-m", "infra.app"]  # a separate process, so that CDK's Node.js ends with it
    done = subprocess.run(  # noqa: S603 our own entry point
        command, cwd=ROOT, env=settings, capture_output=True, text=True, check=False, start_new_session=True
    )
    if done.returncode:
        raise DeployFailed(f"The stack can't be synthesized:\n{done.stdout}{done.stderr}")
    _print_step("Deploying it" if before is None else "Deploying the changes; stored data stays")
    make_private(state_dir.assembly)  # CDK copies the modes of the sources
    return deploy(cloud, state_dir.assembly, STACK, inputs)


def _operator_context(connection: Mapping[str, str], credentials: Credentials) -> Context:
    """The context of the operator's command. It sets the credentials in the environment, where boto3 reads them."""
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_REGION"):
        os.environ.pop(name, None)
    os.environ.update(credentials.variables)
    return connect(
        core_table=connection["CORE_TABLE"],
        usage_table=connection["USAGE_TABLE"],
        endpoint_url=connection["AWS_ENDPOINT_URL"],
        clock_file=connection["TALLYBOOK_CLOCK_FILE"],
    )


def _seed_once(
    ctx: Context, cloud: Cloud, connection: Mapping[str, str], known: Mapping[str, str], *, api_id: str
) -> dict[str, str]:
    if known.get("TALLYBOOK_API_KEY") and known.get("TALLYBOOK_PLATFORM_KEY"):
        return {name: value for name, value in known.items() if name.startswith("TALLYBOOK_")}
    _print_step("Creating an account with its keys")
    seeded = seed(ctx, cloud, api_id)
    return {
        "TALLYBOOK_URL": connection["TALLYBOOK_URL"],
        "TALLYBOOK_ACCOUNT_ID": seeded.account_id,
        "TALLYBOOK_USER_ID": seeded.user_id,
        "TALLYBOOK_EMAIL": EMAIL,
        "TALLYBOOK_PASSWORD": PASSWORD,
        "TALLYBOOK_API_KEY": seeded.api_key,
        "TALLYBOOK_PLATFORM_KEY": seeded.platform_key,
    }


def _print_step(step: str) -> None:
    print(step, flush=True)
