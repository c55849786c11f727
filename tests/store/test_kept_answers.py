"""A kept answer reads back, and is replaced only after its 24 hours."""

from datetime import timedelta

import pytest

from tallybook.domain.errors import Conflict
from tallybook.domain.idempotency import keyed_request
from tallybook.store import keys
from tallybook.store.kept_answers import is_kept, put_answer, read_content, read_sealed
from tallybook.store.table import Tables
from tests.store.samples import NOW, write_and_read

REQUEST = keyed_request("1", credential="sk-a", method="POST", path="/v1/budgets", body=b"{}")
DAY = timedelta(hours=24)


def test_an_answer_reads_back_with_its_time_to_live(tables: Tables) -> None:
    item = write_and_read(tables, put_answer(REQUEST, bytes(range(256)), at=NOW))
    assert (read_content(item), read_sealed(item)) == (REQUEST.content, bytes(range(256)))
    assert item["expires"] == int((NOW + DAY).timestamp())
    assert item["pk"] == keys.idempotency(REQUEST.id).pk == f"IDEMPOTENCY#{REQUEST.id}"


def test_an_answer_is_kept_for_24_hours(tables: Tables) -> None:
    item = write_and_read(tables, put_answer(REQUEST, b"1", at=NOW))
    assert is_kept(item, now=NOW)
    assert is_kept(item, now=NOW + DAY - timedelta(seconds=1))
    assert not is_kept(item, now=NOW + DAY)


def test_an_answer_is_replaced_only_once_it_is_not_kept_any_more(tables: Tables) -> None:
    tables.write(put_answer(REQUEST, b"1", at=NOW))
    later = REQUEST._replace(content="other")
    for at in (NOW, NOW + DAY - timedelta(seconds=1)):
        with pytest.raises(Conflict) as refused:
            tables.transact([put_answer(later, b"2", at=at)])
        assert refused.value.code == "idempotency_key_in_use"
    tables.transact([put_answer(later, b"2", at=NOW + DAY)])
    item = tables.get(keys.idempotency(REQUEST.id)) or {}
    assert (read_content(item), read_sealed(item)) == ("other", b"2")
