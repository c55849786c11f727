"""The tables themselves, for what only the operator may do."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import BotoCoreError, ClientError

from tallybook.cli.settings import Stop, required
from tallybook.runtime import connect
from tallybook.services.context import Context


@contextmanager
def tables() -> Iterator[Context]:
    """A context on the tables that the environment names; what AWS objects to is one clear line."""
    try:
        yield connect(
            core_table=required("CORE_TABLE"),
            usage_table=required("USAGE_TABLE"),
            clock_file=os.environ.get("TALLYBOOK_CLOCK_FILE"),
        )
    except (BotoCoreError, ClientError) as error:
        raise Stop(f"AWS: {error}") from error
