"""All patches of moto: the same answers in a third of the time, and numbers that it fails to add.

`tests/store/test_moto_patches.py` compares the answers with those of moto without patches.
"""

from typing import Any

from tests.support.moto_patches.direct_calls import call_directly, read_text_directly, serialize_answers_once
from tests.support.moto_patches.small_numbers import add_small_numbers
from tests.support.moto_patches.tables import patch_tables


def patch_moto(client: Any) -> None:
    """Call once in a process, before the client's first call."""
    add_small_numbers()
    patch_tables()
    serialize_answers_once()
    read_text_directly()
    call_directly(client)
