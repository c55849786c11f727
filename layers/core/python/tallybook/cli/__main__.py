"""`python -m tallybook.cli`"""

import signal
import sys

if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C during the imports ends the process without a traceback

from tallybook.cli.meter.environment import hide_secrets
from tallybook.cli.stop import Stop

if "meter" in sys.argv[1:]:  # wherever it is: the command line also takes `-- meter`
    try:
        hide_secrets()
    except Stop as stop:
        print(f"tallybook: {stop.message}", file=sys.stderr)
        sys.exit(stop.code)

from tallybook.cli.main import main

main()
