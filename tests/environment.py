"""The environment of the tests. It takes nothing from the shell that starts them: no address, table, key or setting.

After `source .local/env` the tests would otherwise reach the running cloud and make tables there. `tests/conftest.py`
imports this module before any other of this repository, because boto3 and the handlers read variables when they are
imported. What installs packages (UV_, PIP_, the proxies) stays: a test builds the layer of the libraries.
"""

import os
import secrets
from pathlib import Path

_PREFIXES = ("AWS_", "TALLYBOOK_", "POWERTOOLS_", "MAIL_", "_TALLYBOOK_")
_NAMES = {
    *(
        "CORE_TABLE",
        "USAGE_TABLE",
        "USAGE_SHARDS",
        "QUEUE_URL",
        "ARCHIVE_BUCKET",
        "CORE_TABLE_ARN",
        "USAGE_TABLE_ARN",
        "BUS_NAME",
        "PAGE_URL",
        "APP_URL",
        "BRAND",
        "ALLOWED_ORIGINS",
        "EDGE_SECRET",
        "PYTHONTZPATH",
    ),
    *("STAGE", "PORT", "SAM_PORT", "OUT", "ORIGINS", "YES", "URL"),
    *("COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"),
    *("PYTHONIOENCODING", "PYTHONUTF8"),
}
_LOOPBACK = "localhost,127.0.0.1,::1"

for name in list(os.environ):
    if name.upper().startswith(_PREFIXES) or name in _NAMES:
        del os.environ[name]

os.environ |= {
    "AWS_ACCESS_KEY_ID": f"AKIA{secrets.token_hex(8).upper()}",
    "AWS_SECRET_ACCESS_KEY": secrets.token_urlsafe(30),
    "AWS_DEFAULT_REGION": "eu-west-1",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_CONFIG_FILE": os.devnull,  # ~/.aws/config may name an endpoint
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "POWERTOOLS_SERVICE_NAME": "test",
    "TALLYBOOK_STAGE": "test",
    "POWERTOOLS_DEV": "false",
    "ALLOWED_ORIGINS": "https://app.example.com",
    "PAGE_URL": "https://api.example.com",
    "NODE_COMPILE_CACHE": str(Path(__file__).parents[1] / "build/node"),  # CDK starts about six times in a run
}
for name in ("NO_PROXY", "no_proxy"):  # servers of the tests are on loopback
    os.environ[name] = ",".join(filter(None, (os.environ.get(name), _LOOPBACK)))
