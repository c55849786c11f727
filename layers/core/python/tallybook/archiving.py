"""The composition root of the archive: its exports, from the environment. Only the function that exports loads it."""

import os
from functools import cache

from tallybook import runtime
from tallybook.gateways.exports import Exports


@cache
def exports() -> Exports:
    tables = {"core": os.environ["CORE_TABLE_ARN"], "usage": os.environ["USAGE_TABLE_ARN"]}
    return Exports(runtime.dynamodb(), os.environ["ARCHIVE_BUCKET"], tables)
