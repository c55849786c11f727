"""`until_ready.py HANDLER`: Lambda's own runtime client, which exits when it would wait for its first event."""

import os
import sys

from awslambdaric import __main__ as runtime_client
from awslambdaric.lambda_runtime_client import LambdaRuntimeClient

LambdaRuntimeClient.wait_next_invocation = lambda _self: os._exit(0)
runtime_client.main(sys.argv)
