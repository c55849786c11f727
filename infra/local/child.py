"""Runs the emulated cloud until standard input closes; then the cloud saves its state and stops.

Standard input closes when the parent process ends, so even a killed parent leaves no stray process and loses no state.
This file runs in the emulator's own Python.
"""

import os
import signal
import sys
import threading
from pathlib import Path
from tempfile import gettempdir

from guard import guarded
from mail_dates import date_mails_by
from ministack import app as cloud  # installed in the emulator's environment
from preflights import pass_options_to_routes
from rights import enforce_rights_as_aws
from shared_layers import share_layers


def stop_when_input_closes() -> None:
    while os.read(0, 1024):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


threading.Thread(target=stop_when_input_closes, daemon=True).start()
share_layers(Path(gettempdir()) / "layers")
secret = os.environ["AWS_SECRET_ACCESS_KEY"]
enforce_rights_as_aws(secret)
date_mails_by(os.environ.get("TALLYBOOK_CLOCK_FILE"))
pass_options_to_routes()
cloud.app = guarded(cloud.app, secret)
sys.argv = ["ministack"]
cloud.main()
