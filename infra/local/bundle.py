"""Runs the bundle for a block: cloud started, code deployed, account seeded; the state is saved at the end."""

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
from infra.local.cloud import CREDENTIALS, free_port, ministack
from infra.local.deploy import Deployed, DeployFailed, deploy, deployed
from infra.local.inputs import digest_of_inputs
from infra.local.jobs import invoke
from infra.local.proxy import Proxy
from infra.local.seed import EMAIL, PASSWORD, price, seed
from infra.local.state import forget_stream_positions
from infra.local.state_dir import StateDir, exclusive
from infra.local.variables import read_variables, write_variables
from infra.stage import local
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
def running(place: StateDir, port: int) -> Iterator[Running]:
    """Takes the lock and the port first, so that a refusal costs no time."""
    began = time.monotonic()
    clock = {"TALLYBOOK_CLOCK_FILE": str(place.clock)}
    last = read_variables(place.env)
    with exclusive(place) as lock, Proxy(port) as proxy:
        place.check_version()
        forget_stream_positions(place.state)
        _tell("Starting the emulated cloud")
        cloud_port = free_port(prefer=urlsplit(last.get("AWS_ENDPOINT_URL", "")).port)
        with ministack(place.state, port=cloud_port, env=clock, held=[lock]) as endpoint:
            before = deployed(endpoint, STACK)
            stack = _up_to_date(before, place, endpoint, port)
            proxy.serve(endpoint, stack.outputs["ApiId"])
            where = {
                "TALLYBOOK_URL": f"http://localhost:{port}",
                "TALLYBOOK_STACK": STACK,
                "CORE_TABLE": stack.outputs["CoreTable"],
                "USAGE_TABLE": stack.outputs["UsageTable"],
                "AWS_ENDPOINT_URL": endpoint,
                **CREDENTIALS,
                **clock,
            }
            ctx = _operator(where)
            if before is not stack:
                price(ctx)
            known = last if before is not None else {}
            variables = _seeded(ctx, where, known) | where
            write_variables(place.env, variables)
            invoke(
                endpoint, stack.outputs["OutboxFunction"], {"job": "outbox"}
            )  # items that the last stop left undelivered
            yield Running(variables, place.env, place.state / "ministack.log", time.monotonic() - began)


def _up_to_date(before: Deployed | None, place: StateDir, endpoint: str, port: int) -> Deployed:
    inputs = digest_of_inputs(local(port))
    if before is not None and before.inputs == inputs:
        return before
    _tell("Synthesizing the stack")
    settings = os.environ | {"STAGE": "local", "PORT": str(port), "OUT": str(place.assembly)}
    command = [sys.executable, "-m", "infra.app"]  # a separate process, so that CDK's Node.js ends with it
    done = subprocess.run(  # noqa: S603 our own entry point
        command, cwd=ROOT, env=settings, capture_output=True, text=True, check=False, start_new_session=True
    )
    if done.returncode:
        raise DeployFailed(f"The stack can't be synthesized:\n{done.stdout}{done.stderr}")
    _tell("Deploying it" if before is None else "Deploying what changed; stored data stays")
    return deploy(endpoint, place.assembly, STACK, inputs)


def _operator(where: Mapping[str, str]) -> Context:
    """The context of the operator's command. boto3 takes the credentials from the environment, so set them there."""
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_REGION"):
        os.environ.pop(name, None)
    os.environ.update(CREDENTIALS)
    return connect(
        core_table=where["CORE_TABLE"],
        usage_table=where["USAGE_TABLE"],
        endpoint_url=where["AWS_ENDPOINT_URL"],
        clock_file=where["TALLYBOOK_CLOCK_FILE"],
    )


def _seeded(ctx: Context, where: Mapping[str, str], known: Mapping[str, str]) -> dict[str, str]:
    if known.get("TALLYBOOK_API_KEY") and known.get("TALLYBOOK_PLATFORM_KEY"):
        return {name: value for name, value in known.items() if name.startswith("TALLYBOOK_")}
    _tell("Making an account with its keys")
    made = seed(ctx, where["TALLYBOOK_URL"])
    return {
        "TALLYBOOK_URL": where["TALLYBOOK_URL"],
        "TALLYBOOK_ACCOUNT_ID": made.account_id,
        "TALLYBOOK_USER_ID": made.user_id,
        "TALLYBOOK_EMAIL": EMAIL,
        "TALLYBOOK_PASSWORD": PASSWORD,
        "TALLYBOOK_API_KEY": made.api_key,
        "TALLYBOOK_PLATFORM_KEY": made.platform_key,
    }


def _tell(what: str) -> None:
    print(what, flush=True)
