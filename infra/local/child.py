"""The emulated cloud ends with whoever started it: when standard input closes, it stops gracefully and saves.

Run by the emulator's own Python. Even a starter that was killed leaves no stray process and loses no state.
"""

import os
import signal
import sys
import threading
from pathlib import Path
from tempfile import gettempdir

from ministack.app import main  # it lives in the other environment
from shared_layers import share_layers


def stop_when_input_closes() -> None:
    while os.read(0, 1024):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


threading.Thread(target=stop_when_input_closes, daemon=True).start()
share_layers(Path(gettempdir()) / "layers")
sys.argv = ["ministack"]
main()
