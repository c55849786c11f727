"""`make run`: runs the local bundle until Ctrl-C or TERM, and then saves its state."""

import os
import signal
import sys
import threading
from pathlib import Path
from types import FrameType

from infra.bundle import ROOT
from infra.local.bundle import Running, running
from infra.local.cloud import CloudFailed
from infra.local.deploy import DeployFailed
from infra.local.seed import SeedFailed
from infra.local.state_dir import CannotStart, StateDir


def main() -> None:
    os.umask(0o077)  # what it stores contains keys and mails
    for number in (signal.SIGINT, signal.SIGTERM):  # a shell starts background jobs with SIGINT ignored
        signal.signal(number, _interrupt)
    try:
        with running(StateDir.from_environment(), _port()) as bundle:
            print(_welcome(bundle), flush=True)
            _until_interrupted()
            print("\nSaving the state", flush=True)
        print("Stopped; `make run` continues with this state, `make reset` removes it")
    except (CannotStart, CloudFailed, DeployFailed, SeedFailed) as failed:
        sys.exit(str(failed))
    except KeyboardInterrupt:
        sys.exit("\nStopped during the start")


def _port() -> int:
    text = os.environ.get("PORT") or "8000"
    if not text.isdecimal() or not 0 < int(text) < 65536:
        raise CannotStart(f"PORT must be a number from 1 to 65535, not {text!r}")
    return int(text)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _until_interrupted() -> None:
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)  # saving takes a few seconds; a second Ctrl-C would lose the state


def _welcome(bundle: Running) -> str:
    variables = bundle.variables
    return f"""
Tallybook is up after {bundle.seconds:.1f} s: {variables["TALLYBOOK_URL"]}

  account       {variables["TALLYBOOK_ACCOUNT_ID"]}
  user          {variables["TALLYBOOK_USER_ID"]}   {variables["TALLYBOOK_EMAIL"]} / {variables["TALLYBOOK_PASSWORD"]}
  API key       {variables["TALLYBOOK_API_KEY"]}
  platform key  {variables["TALLYBOOK_PLATFORM_KEY"]}
  mails         {variables["TALLYBOOK_URL"]}/_local/mail
  AWS endpoint  {variables["AWS_ENDPOINT_URL"]}   logs: {_short(bundle.log)}

Paste these into another terminal:

  source {_short(bundle.env_file)}
  .venv/bin/tallybook meter -- python3 -c 'sum(i * i for i in range(10_000_000))'
  curl -s -H "X-API-Key: $TALLYBOOK_API_KEY" $TALLYBOOK_URL/v1/billing/current

Ctrl-C stops it and keeps its state."""


def _short(path: Path) -> Path:
    """The path relative to the checkout, if it is inside."""
    return path.relative_to(ROOT) if path.is_relative_to(ROOT) else path


if __name__ == "__main__":
    main()
