"""The check at a function's start that its code can read the stored data."""

import logging

from tallybook.domain.errors import Unavailable
from tallybook.domain.formats import check_readable
from tallybook.services.context import Context
from tallybook.store import keys
from tallybook.store.formats import read_formats

logger = logging.getLogger(__name__)


def check_start(ctx: Context) -> None:
    """FormatRefused if the data may have a format that this code can't read; the function then doesn't start.

    A table out of reach is only logged: the deployment has checked the same. Without the item it passes, because the
    first functions of a new stage start before the item is there.
    """
    try:
        item = ctx.tables.get_once(keys.format_item())
    except Unavailable as failure:
        logger.warning("the format of the data was not checked: %s", failure.__cause__ or failure)
        return
    if item:
        check_readable(read_formats(item))
