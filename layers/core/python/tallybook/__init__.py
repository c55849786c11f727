"""Tallybook. In Lambda, garbage collection is off during imports, to start faster; `runtime.prepare` turns it on."""

import gc
import os

if "AWS_LAMBDA_FUNCTION_NAME" in os.environ:
    gc.disable()
