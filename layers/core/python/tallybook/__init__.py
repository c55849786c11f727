"""Tallybook. In Lambda, garbage collection is off during imports, for a faster start; `runtime.prepare` turns it on."""

import gc
import os

if "AWS_LAMBDA_FUNCTION_NAME" in os.environ:
    gc.disable()
