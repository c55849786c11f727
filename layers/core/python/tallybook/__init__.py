"""Tallybook. While a Lambda function starts, nothing becomes garbage that is worth looking for: see `prepare`."""

import gc
import os

if "AWS_LAMBDA_FUNCTION_NAME" in os.environ:
    gc.disable()
