"""`python -m tallybook.cli`"""

import sys

from tallybook.cli.meter.environment import hide_secrets

if sys.argv[1:2] == ["meter"]:
    hide_secrets()

from tallybook.cli.main import main

main()
