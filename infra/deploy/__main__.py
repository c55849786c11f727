"""`make deploy STAGE=… [YES=1]`, `make bootstrap STAGE=…`, `make smoke STAGE=…`: errors are lines, never tracebacks."""

import os
import sys
from collections.abc import Callable, Mapping

from botocore.exceptions import BotoCoreError, ClientError

from infra.deploy.cdk import DeployFailed, run_cdk
from infra.deploy.deploy import Deployment, deploy
from infra.deploy.first_steps import run_smoke
from infra.deploy.request import Refused, read_request, read_stage
from infra.deploy.target import LOCAL_SETTINGS, Target, find_stack, find_target
from infra.local.state_dir import StateDir
from infra.local.variables import read_variables
from infra.stack import stack_name
from infra.stage_checks import is_reserved
from tallybook.cli.stop import Stop
from tallybook.domain.errors import TallybookError

INTERRUPTED = 130


def main(arguments: list[str]) -> None:
    """Exit status 1 if something failed, 2 if it was refused before anything changed."""
    try:
        _COMMANDS[arguments[0]]()
    except Refused as refused:
        _exit(2, str(refused))
    except (DeployFailed, Stop, TallybookError) as failed:
        _exit(1, str(failed) or type(failed).__name__)
    except (BotoCoreError, ClientError) as error:  # of the tables
        _exit(1, f"AWS: {error}")
    except KeyboardInterrupt:
        _exit(INTERRUPTED, "Interrupted")


def _deploy() -> None:
    request = read_request(os.environ, terminal=sys.stdin.isatty())
    deploy(request, Deployment(_target(), _say, url=os.environ.get("URL")))


def _bootstrap() -> None:
    """Prepares the account and region, for all stages in it; again, it updates what it made."""
    read_stage(os.environ)
    target = _target()
    _say(f"Preparing {target} for the CDK")
    no_app = ("--app", "")  # else the CDK synthesizes the one of cdk.json, whose settings may not be ready yet
    run_cdk(target, "bootstrap", f"aws://{target.account}/{target.region}", "--termination-protection", *no_app)


def _smoke() -> None:
    if os.environ.get("STAGE") == "local":
        _smoke_here(read_variables(StateDir.from_environment().env))
        return
    stage = read_stage(os.environ)
    target = _target()
    existing = find_stack(target, stack_name(stage))
    if existing is None:
        raise Refused(f"There is no stack {stack_name(stage)} in {target}: run make deploy STAGE={stage.name}")
    url = os.environ.get("URL") or existing.outputs["ApiUrl"]
    run_smoke(existing.outputs, url=url, report=_report, mail_may_wait=is_reserved(stage.mail_domain))


def _smoke_here(variables: Mapping[str, str]) -> None:
    """The smoke test on the bundle of `make run`."""
    if not variables:
        raise Refused("There is no local bundle: start it with make run")
    os.environ.update(variables)
    outputs = {"CoreTable": variables["CORE_TABLE"], "UsageTable": variables["USAGE_TABLE"]}
    url, clock_file = variables["TALLYBOOK_URL"], variables["TALLYBOOK_CLOCK_FILE"]
    run_smoke(outputs, url=url, report=_report, mail_may_wait=False, clock_file=clock_file)


def _target() -> Target:
    """Where the credentials lead; from here on all clients of this process use its region."""
    target = find_target()
    for name in LOCAL_SETTINGS:
        os.environ.pop(name, None)
    os.environ.update(target.variables)
    return target


def _report(step: str, saw: str) -> None:
    _say(f"{step:<14}{saw}")


def _say(line: str) -> None:
    print(line, flush=True)


def _exit(status: int, message: str) -> None:
    print(message, file=sys.stderr)
    sys.exit(status)


_COMMANDS: Mapping[str, Callable[[], None]] = {"deploy": _deploy, "bootstrap": _bootstrap, "smoke": _smoke}

if __name__ == "__main__":
    main(sys.argv[1:])
