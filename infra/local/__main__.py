"""`make run`: the bundle on this computer until Ctrl-C or TERM, which save its state."""

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
from infra.local.state_dir import Place, Refused


def main() -> None:
    for number in (signal.SIGINT, signal.SIGTERM):  # SIGINT too: a shell's background job starts with it ignored
        signal.signal(number, _interrupt)
    try:
        with running(Place.of_environment(), _interceptor()) as bundle:
            print(_welcome(bundle), flush=True)
            _until_interrupted()
            print("\nSaving the state", flush=True)
        print("Stopped; `make run` goes on from here, `make reset` forgets it")
    except (Refused, CloudFailed, DeployFailed, SeedFailed) as failed:
        sys.exit(str(failed))
    except KeyboardInterrupt:
        sys.exit("\nStopped before it was up")


def _interceptor() -> int:
    text = os.environ.get("PORT") or "8000"
    if not text.isdecimal() or not 0 < int(text) < 65536:
        raise Refused(f"PORT must be a number from 1 to 65535, not {text!r}")
    return int(text)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _until_interrupted() -> None:
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)  # saving takes a few seconds, and a second Ctrl-C would lose it


def _welcome(bundle: Running) -> str:
    given = bundle.variables
    return f"""
Tallybook is up after {bundle.seconds:.1f} s: {given["TALLYBOOK_URL"]}

  account       {given["TALLYBOOK_ACCOUNT_ID"]}
  user          {given["TALLYBOOK_USER_ID"]}   {given["TALLYBOOK_EMAIL"]} / {given["TALLYBOOK_PASSWORD"]}
  API key       {given["TALLYBOOK_API_KEY"]}
  platform key  {given["TALLYBOOK_PLATFORM_KEY"]}
  mails         {given["TALLYBOOK_URL"]}/_local/mail
  AWS endpoint  {given["AWS_ENDPOINT_URL"]}   logs: {_short(bundle.log)}

Paste these into another terminal:

  source {_short(bundle.env_file)}
  .venv/bin/tallybook meter -- python3 -c 'sum(i * i for i in range(10_000_000))'
  curl -s -H "X-API-Key: $TALLYBOOK_API_KEY" $TALLYBOOK_URL/v1/billing/current

Ctrl-C stops it and keeps its state."""


def _short(path: Path) -> Path:
    """As one types it in the checkout, where it lies there."""
    return path.relative_to(ROOT) if path.is_relative_to(ROOT) else path


if __name__ == "__main__":
    main()
