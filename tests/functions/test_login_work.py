"""A login does the same for an email that nobody has as for a wrong password: counted, not timed."""

import re
from collections.abc import Callable
from typing import Any

import bcrypt
import pytest

from tests.support.call import Answer, call
from tests.support.house import PASSWORD, House

type Work = tuple[list[str], float, float, list[int]]


@pytest.fixture
def work_of(house: House, monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[Answer, Work]]:
    """A login's answer, its calls to the tables with their units, and the cost of each password it hashed."""
    hashed: list[int] = []
    check = bcrypt.checkpw

    def counted(password: bytes, stored: bytes) -> bool:
        cost = re.fullmatch(rb"\$2b\$(\d\d)\$.{53}", stored)
        assert cost is not None
        hashed.append(int(cost[1]))
        return check(password, stored)

    monkeypatch.setattr(bcrypt, "checkpw", counted)

    def login(**body: Any) -> tuple[Answer, Work]:
        bill = house.ctx.tables.bill
        bill.clear()
        hashed.clear()
        answer = call("POST", "/auth/login", body=body)
        return answer, (list(bill.operations), bill.read_units, bill.write_units, list(hashed))

    return login


def test_whoever_cannot_log_in_costs_the_same_and_hears_the_same(house: House, work_of: Any) -> None:
    house.member("ada@example.com")
    house.change_user(house.member("gone@example.com"), status="deleted")
    house.change_account(house.member("closed@example.com"), status="deleted")
    house.change_user(house.member("waiting@example.com"), status="suspended")
    work_of(email="ada@example.com", password=PASSWORD)
    tried = [
        ("ada@example.com", "wrong horse battery"),
        ("ADA@example.com ", ""),
        ("nobody@example.com", PASSWORD),
        ("no address", PASSWORD),
        ("", PASSWORD),
        ("x" * 5000, PASSWORD),
        ("gone@example.com", "wrong horse battery"),
        ("gone@example.com", PASSWORD),
        ("closed@example.com", PASSWORD),
        ("waiting@example.com", "wrong horse battery"),
        ("ada@example.com", "x" * 100_000),
    ]
    answers = [work_of(email=email, password=password) for email, password in tried]
    assert {answer.status for answer, _ in answers} == {401}
    assert len({answer.text for answer, _ in answers}) == 1
    assert len({repr(answer.headers) for answer, _ in answers}) == 1
    first = answers[0][1]
    assert [work for _, work in answers] == [first] * len(tried)
    assert first[3] == [house.ctx.password_rounds]


def test_a_login_that_succeeds_reads_and_hashes_no_more_and_writes_its_session(house: House, work_of: Any) -> None:
    house.member("ada@example.com")
    _, (refused, read, _, hashed) = work_of(email="ada@example.com", password="wrong horse battery")
    answer, (operations, read_too, _, hashed_too) = work_of(email="ada@example.com", password=PASSWORD)
    assert answer.status == 200
    assert operations == [*refused, "put"]
    assert (read_too, hashed_too) == (read, hashed)


def test_a_password_of_twelve_rounds_costs_twelve_rounds_for_nobody_too(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tallybook import runtime

    house.reshape(password_rounds=12)
    monkeypatch.setattr(runtime, "context", lambda: house.ctx)
    costs: list[bytes] = []
    monkeypatch.setattr(bcrypt, "checkpw", lambda _, stored: costs.append(stored[4:6]))
    call("POST", "/auth/login", body={"email": "nobody@example.com", "password": PASSWORD})
    assert costs == [b"12"]
