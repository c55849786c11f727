"""The order of a deployment: what can refuse comes before what changes something.

1. settings, credentials, tables        nothing is built yet
2. synthesis                            cdk-nag's rules
3. the formats of the stored data       this code must read them (docs/releases.md, "Formats")
4. cdk deploy                           asks, unless YES=1; a stack that did not exist is created without protection
5. cdk deploy, once more                only then: protects the data that the stage keeps
6. the formats again, which records them; the example catalog, only if there is none
7. the smoke test
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from infra.assembly import synthesize
from infra.bundle import ROOT
from infra.deploy.cdk import DeployFailed, run_cdk
from infra.deploy.first_steps import EXAMPLE, apply_example, run_smoke
from infra.deploy.request import Refused, Request
from infra.deploy.tables import check_tables, shifted_for, tables_of
from infra.deploy.target import Existing, Target, find_stack, is_bootstrapped
from infra.release.check import check_stack
from infra.stack import stack_name
from infra.stage import Stage
from infra.stage_checks import is_reserved
from tallybook.cli.stop import Stop
from tallybook.domain.formats import FormatRefused

OUT = ROOT / "cdk.out"

type Say = Callable[[str], None]


class Deployment(NamedTuple):
    """Where to, and where the API is reached instead of at the stack's URL. Tests replace what takes long."""

    target: Target
    say: Say
    url: str | None = None
    cdk: Callable[..., None] = run_cdk
    synthesize: Callable[[Stage, Path], object] = synthesize


def deploy(request: Request, to: Deployment) -> None:
    """Refused before anything changed; DeployFailed after."""
    stage, target = request.stage, to.target
    stack = stack_name(stage)
    if not is_bootstrapped(target):
        raise Refused(f"{target} is not prepared for the CDK: run make bootstrap STAGE={stage.name}")
    before = find_stack(target, stack)
    is_first = before is None
    to.say(f"{'Creating' if is_first else 'Updating'} {stack} in {target}")
    deployed = before.outputs if before else {}
    check_tables(stage, deployed)
    to.synthesize(replace(shifted_for(stage, deployed), protect=not is_first), OUT)
    if before is not None:
        _check_formats(to, tables_of(stage, deployed))
    _deploy(to, ask=not request.yes)
    if is_first and stage.keep:
        to.say("The stack exists; protecting its data from deletion")
        to.synthesize(stage, OUT)
        _deploy(to, ask=False)
    existing = find_stack(target, stack)
    if existing is None:
        raise DeployFailed(f"{stack} was not created")
    _follow_up(to, stage, existing, is_first=is_first)


def _check_formats(to: Deployment, outputs: Mapping[str, str]) -> None:
    try:
        to.say(check_stack(outputs))
    except FormatRefused as refused:
        raise Refused(refused.message) from None


def _deploy(to: Deployment, *, ask: bool) -> None:
    approval = "any-change" if ask else "never"
    to.cdk(to.target, "deploy", "--app", str(OUT), "--require-approval", approval)


def _follow_up(to: Deployment, stage: Stage, existing: Existing, *, is_first: bool) -> None:
    outputs = existing.outputs
    _check_formats(to, outputs)
    if apply_example(outputs):
        to.say(f"Applied the catalog {EXAMPLE}, whose prices are examples: tallybook catalog apply replaces them")
    url, mail_may_wait = to.url or outputs["ApiUrl"], is_first or is_reserved(stage.mail_domain)
    try:
        run_smoke(outputs, url=url, report=lambda step, saw: to.say(f"  {step:<14}{saw}"), mail_may_wait=mail_may_wait)
    except Stop as failed:
        raise DeployFailed(f"{stack_name(stage)} is deployed, but does not work: {failed.message}") from failed
    to.say(f"{stack_name(stage)} is deployed and works: {outputs['ApiUrl']}")
